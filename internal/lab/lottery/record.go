package lottery

import (
	"errors"
	"math/bits"
	"strconv"
	"strings"
)

// AppendRecord appends the bet as one record of bets.csv, CRLF included:
//
//	agency,first name,last name,document,YYYY-MM-DD,number
//
// It quotes a field as Python's csv.QUOTE_MINIMAL does: if the field holds a comma, a quote (which is doubled), CR or
// LF. For a bad bet it returns the *FieldError of Bet.Check and dst unchanged. It does not look at Agency. For a good
// bet it allocates only to grow dst, and for quotes inside fields.
func AppendRecord(dst []byte, b *Bet) ([]byte, error) {
	record := strconv.AppendUint(dst, uint64(b.Agency), 10)
	record = append(record, ',')
	texts := len(record)
	record = append(record, b.FirstName...)
	record = append(record, ',')
	record = append(record, b.LastName...)
	record = append(record, ',')
	record = append(record, b.Document...)
	size := len(record) - texts
	record = appendDateAndNumber(record, b)
	if hasTextLength(b.FirstName) && hasTextLength(b.LastName) && hasTextLength(b.Document) && b.Birthdate.Valid() && plainTexts(record[texts:], size) {
		return record, nil
	}
	return appendUnusual(dst, b)
}

// appendUnusual is AppendRecord for any bet, and slower.
func appendUnusual(dst []byte, b *Bet) ([]byte, error) {
	if err := b.Check(); err != nil {
		return dst, err
	}
	dst = strconv.AppendUint(dst, uint64(b.Agency), 10)
	dst = append(dst, ',')
	dst = appendField(dst, b.FirstName)
	dst = append(dst, ',')
	dst = appendField(dst, b.LastName)
	dst = append(dst, ',')
	dst = appendField(dst, b.Document)
	return appendDateAndNumber(dst, b), nil
}

func hasTextLength(s string) bool { return s != "" && len(s) <= MaxText }

func appendDateAndNumber(dst []byte, b *Bet) []byte {
	dst = append(dst, ',')
	dst = AppendDate(dst, b.Birthdate)
	dst = append(dst, ',')
	dst = strconv.AppendUint(dst, uint64(b.Number), 10)
	return append(dst, '\r', '\n')
}

func appendField(dst []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"") { // Check refuses CR and LF
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(s, `"`, `""`)...)
	return append(dst, '"')
}

// The errors for a line that is not a record, other than a *FieldError.
var (
	errColumns   = errors.New("wrong number of columns")
	errBareQuote = errors.New("quote inside a field that is not quoted")
	errOpenQuote = errors.New("quoted field is not closed on its line")
	errQuoteEnd  = errors.New("closing quote is not followed by a comma")
)

// parseRecord reads a line without its line end into b. A line has six columns if agency is 0, and otherwise five: the
// file belongs to that agency. The texts of b are parts of line. For a good line without doubled quotes, parseRecord
// does not allocate.
func parseRecord(line string, agency uint32, b *Bet) error {
	if parsePlain(line, agency, b) {
		return nil
	}
	return parseAny(line, agency, b)
}

// parsePlain reads a line of the usual kind. It returns false for a bad line and for an unusual one.
func parsePlain(line string, agency uint32, b *Bet) bool {
	if len(line) < 8 || len(line) > 64 { // a text in 64 bytes is not too long
		return false
	}
	commas, plain := scan(line)
	if !plain {
		return false
	}
	if agency == 0 {
		end := bits.TrailingZeros64(commas) & 63
		n, ok := parseUint32(line[:end])
		if !ok || n == 0 {
			return false
		}
		agency = n
		line = line[end+1:]
		commas >>= end + 1
	}
	first := bits.TrailingZeros64(commas)
	commas &= commas - 1
	last := bits.TrailingZeros64(commas)
	commas &= commas - 1
	document := bits.TrailingZeros64(commas)
	commas &= commas - 1
	date := bits.TrailingZeros64(commas)
	if date >= len(line) || commas&(commas-1) != 0 || // not exactly four commas
		first == 0 || last == first+1 || document == last+1 {
		return false
	}
	birthdate, ok := parseDate(line[document+1 : date])
	if !ok {
		return false
	}
	number, ok := parseUint32(line[date+1:])
	if !ok {
		return false
	}
	b.Agency = agency
	b.FirstName = line[:first]
	b.LastName = line[first+1 : last]
	b.Document = line[last+1 : document]
	b.Birthdate = birthdate
	b.Number = number
	return true
}

// parseAny is parseRecord for any line, and slower. Its error says what is wrong.
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
			return &FieldError{Field: Agency, Value: fields[0], Reason: "is no number from 1 to 4294967295"}
		}
	}
	if b.Birthdate, ok = parseDate(fields[4]); !ok {
		// Check needs a valid date here: the error for the bad one has its text.
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

// cutField cuts the first field off a line (RFC 4180). more reports whether a comma followed the field.
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
