package lottery

// Date is a day of the proleptic Gregorian calendar, from 0001-01-01 to 9999-12-31, as Python's datetime.date is.
type Date struct {
	Year  uint16
	Month uint8 // 1 … 12
	Day   uint8 // 1 … 31
}

// parseDate reads YYYY-MM-DD. It returns false for any other text, and for a day that does not exist.
func parseDate(s string) (Date, bool) {
	if len(s) != len("YYYY-MM-DD") {
		return Date{}, false
	}
	year, ok1 := parseUint32(s[:4])
	month, ok2 := parseUint32(s[5:7])
	day, ok3 := parseUint32(s[8:])
	d := Date{Year: uint16(year), Month: uint8(month), Day: uint8(day)}
	return d, ok1 && ok2 && ok3 && s[4] == '-' && s[7] == '-' && d.Valid()
}

// Valid reports whether the day exists.
func (d Date) Valid() bool {
	// Every month has the days to 28: the rest is rarely computed.
	return d.Year-1 < 9999 && d.Month-1 < 12 && (d.Day-1 < 28 || d.Day-1 < d.MonthDays())
}

// MonthDays returns how many days the month has.
func (d Date) MonthDays() uint8 {
	switch d.Month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if d.Year%4 == 0 && (d.Year%100 != 0 || d.Year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// AppendDate appends the date, which must be valid, as YYYY-MM-DD.
func AppendDate(dst []byte, d Date) []byte {
	y := d.Year
	return append(dst,
		'0'+byte(y/1000), '0'+byte(y/100%10), '0'+byte(y/10%10), '0'+byte(y%10), '-',
		'0'+d.Month/10, '0'+d.Month%10, '-',
		'0'+d.Day/10, '0'+d.Day%10)
}

// String returns the date as YYYY-MM-DD.
func (d Date) String() string { return string(AppendDate(nil, d)) }
