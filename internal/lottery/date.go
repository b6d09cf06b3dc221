package lottery

import "errors"

// Date is a day of the proleptic Gregorian calendar, from 0001-01-01 to
// 9999-12-31: the dates that Python's datetime.date has.
type Date struct {
	Year  uint16
	Month uint8 // 1 … 12
	Day   uint8 // 1 … 31
}

// ErrDate is the error of ParseDate.
var ErrDate = errors.New("date: not a day of the form YYYY-MM-DD")

// ParseDate reads YYYY-MM-DD, ten bytes, of a day that exists. It returns
// ErrDate for all else.
func ParseDate(s string) (Date, error) {
	d, ok := parseDate(s)
	if !ok {
		return Date{}, ErrDate
	}
	return d, nil
}

func parseDate(s string) (Date, bool) {
	if len(s) != len("YYYY-MM-DD") || s[4] != '-' || s[7] != '-' {
		return Date{}, false
	}
	y1, y2, y3, y4 := s[0]-'0', s[1]-'0', s[2]-'0', s[3]-'0'
	m1, m2, d1, d2 := s[5]-'0', s[6]-'0', s[8]-'0', s[9]-'0'
	if max(y1, y2, y3, y4) > 9 || max(m1, m2, d1, d2) > 9 {
		return Date{}, false
	}
	d := Date{
		Year:  uint16(y1)*1000 + uint16(y2)*100 + uint16(y3)*10 + uint16(y4),
		Month: m1*10 + m2,
		Day:   d1*10 + d2,
	}
	return d, d.Valid()
}

// Valid tells whether the day exists.
func (d Date) Valid() bool {
	return d.Year-1 < 9999 && d.Month-1 < 12 && d.Day-1 < d.monthDays()
}

func (d Date) monthDays() uint8 {
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

// AppendDate appends the date as YYYY-MM-DD, ten bytes, to dst. The date must
// be valid.
func AppendDate(dst []byte, d Date) []byte {
	y := d.Year
	return append(dst,
		'0'+byte(y/1000), '0'+byte(y/100%10), '0'+byte(y/10%10), '0'+byte(y%10), '-',
		'0'+d.Month/10, '0'+d.Month%10, '-',
		'0'+d.Day/10, '0'+d.Day%10)
}

// String returns the date as YYYY-MM-DD.
func (d Date) String() string { return string(AppendDate(nil, d)) }
