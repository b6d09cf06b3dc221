package lottery

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// MaxRecord is the longest record that AppendRecord writes for a good bet, in
// bytes: three texts of which each byte is a quote, two numbers of ten digits,
// a date, and what stands between.
const MaxRecord = 3*(2*MaxText+2) + 2*10 + 10 + 5 + 2

// AppendRecord appends the bet as one record of bets.csv, CRLF included:
//
//	agency,first name,last name,document,YYYY-MM-DD,number
//
// with quotes where Python's csv.QUOTE_MINIMAL writes them: around a field that
// holds a comma, a quote (which is doubled), CR or LF. If the bet is bad it
// returns the *FieldError of Bet.Check, and dst as it was. Agency is not looked
// at. It does not allocate for a good bet, but to grow dst.
func AppendRecord(dst []byte, b *Bet) ([]byte, error) {
	record := strconv.AppendUint(dst, uint64(b.Agency), 10)
	record = append(record, ',')
	var ok bool
	if record, ok = appendField(record, b.FirstName); !ok {
		return dst, textError(FirstName, b.FirstName)
	}
	record = append(record, ',')
	if record, ok = appendField(record, b.LastName); !ok {
		return dst, textError(LastName, b.LastName)
	}
	record = append(record, ',')
	if record, ok = appendField(record, b.Document); !ok {
		return dst, textError(Document, b.Document)
	}
	if !b.Birthdate.Valid() {
		return dst, b.fieldError(Birthdate)
	}
	record = append(record, ',')
	record = AppendDate(record, b.Birthdate)
	record = append(record, ',')
	record = strconv.AppendUint(record, uint64(b.Number), 10)
	return append(record, '\r', '\n'), nil
}

// appendField appends a text that is good, in quotes if need be.
func appendField(dst []byte, s string) (field []byte, good bool) {
	if s == "" || len(s) > MaxText {
		return dst, false
	}
	odd, comma, wide := scan(s)
	if odd|comma|wide == 0 {
		return append(dst, s...), true
	}
	if odd|wide != 0 && textReason(s) != "" {
		return dst, false
	}
	if odd|comma == 0 {
		return append(dst, s...), true
	}
	return appendQuoted(dst, s), true // odd can only be a quote
}

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(dst, s[:i]...)
		dst = append(dst, '"', '"')
		s = s[i+1:]
	}
	dst = append(dst, s...)
	return append(dst, '"')
}

// The reasons why a line is no record, besides those of a FieldError.
var (
	errColumns   = errors.New("wrong number of columns")
	errBareQuote = errors.New("quote inside a field that is not quoted")
	errOpenQuote = errors.New("quoted field is not closed on its line")
	errQuoteEnd  = errors.New("closing quote is not followed by a comma")
)

// parseRecord reads a line, without its line end, into b: six columns, or,
// unless agency is 0, five of a file of that agency. What it leaves in b are parts of line.
// It does not allocate for a good line without doubled quotes.
func parseRecord(line string, agency uint32, b *Bet) error {
	odd, _, wide := scan(line)
	if odd == 0 && (wide == 0 || badRunes(line) == "") && parsePlain(line, agency, b) {
		return nil
	}
	return parseAny(line, agency, b)
}

// parsePlain reads a line without quotes, the usual case, from both ends; its
// characters are known to be good. It returns false for whatever is bad or
// unusual.
func parsePlain(line string, agency uint32, b *Bet) bool {
	// The number, then ten bytes of birthdate, from the end.
	var n, unit uint64 = 0, 1
	i := len(line) - 1
	for ; i >= 0 && line[i] != ','; i-- {
		d := line[i] - '0'
		if d > 9 || unit > 1e9 {
			return false
		}
		n += uint64(d) * unit
		unit *= 10
	}
	const date = len(",YYYY-MM-DD")
	if unit == 1 || n > math.MaxUint32 || i < date || line[i-date] != ',' {
		return false
	}
	birthdate, ok := parseDate(line[i-date+1 : i])
	if !ok {
		return false
	}
	line = line[:i-date]
	if agency == 0 {
		i := strings.IndexByte(line, ',')
		if i < 0 {
			return false
		}
		if agency, ok = parseUint32(line[:i]); !ok || agency == 0 {
			return false
		}
		line = line[i+1:]
	}
	first := strings.IndexByte(line, ',')
	if first-1 >= MaxText || first < 1 {
		return false
	}
	rest := line[first+1:]
	last := strings.IndexByte(rest, ',')
	if last-1 >= MaxText || last < 1 {
		return false
	}
	document := rest[last+1:]
	if len(document)-1 >= MaxText || document == "" || strings.IndexByte(document, ',') >= 0 {
		return false
	}
	b.Agency = agency
	b.FirstName = line[:first]
	b.LastName = rest[:last]
	b.Document = document
	b.Birthdate = birthdate
	b.Number = uint32(n)
	return true
}

// parseAny reads any line and says what is wrong with it.
func parseAny(line string, agency uint32, b *Bet) error {
	var fields [6]string
	want := fields[:]
	if agency != 0 {
		want = fields[1:]
	}
	for i := range want {
		field, rest, more, err := cutField(line)
		if err != nil {
			return err
		}
		if more != (i < len(want)-1) {
			return errColumns
		}
		want[i], line = field, rest
	}
	*b = Bet{Agency: agency, FirstName: fields[1], LastName: fields[2], Document: fields[3]}
	var ok bool
	if agency == 0 {
		if b.Agency, ok = parseUint32(fields[0]); !ok || b.Agency == 0 {
			return &FieldError{Field: Agency, Value: fields[0], Reason: reasonAgency}
		}
	}
	if b.Birthdate, ok = parseDate(fields[4]); !ok {
		// Check would not know the text of a date that it cannot hold.
		b.Birthdate = Date{Year: 1, Month: 1, Day: 1}
		if err := b.Check(); err != nil {
			return err
		}
		return &FieldError{Field: Birthdate, Value: fields[4], Reason: reasonDate}
	}
	if err := b.Check(); err != nil {
		return err
	}
	if b.Number, ok = parseUint32(fields[5]); !ok {
		return &FieldError{Field: Number, Value: fields[5], Reason: reasonNumber}
	}
	return nil
}

// cutField cuts the first field off a line (RFC 4180); more tells whether a
// comma followed it.
func cutField(line string) (field, rest string, more bool, err error) {
	if line == "" || line[0] != '"' {
		field, rest, more = strings.Cut(line, ",")
		if strings.IndexByte(field, '"') >= 0 {
			return "", "", false, errBareQuote
		}
		return field, rest, more, nil
	}
	line = line[1:]
	doubled := false
	for i := 0; ; i++ {
		n := strings.IndexByte(line[i:], '"')
		if n < 0 {
			return "", "", false, errOpenQuote
		}
		i += n
		if strings.HasPrefix(line[i+1:], `"`) {
			doubled = true
			i++
			continue
		}
		field, rest = line[:i], line[i+1:]
		break
	}
	if doubled {
		field = strings.ReplaceAll(field, `""`, `"`)
	}
	if rest == "" {
		return field, "", false, nil
	}
	if rest[0] != ',' {
		return "", "", false, errQuoteEnd
	}
	return field, rest[1:], true, nil
}
