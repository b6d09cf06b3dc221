package cluster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cronField is a field of a schedule, with the words that it takes for numbers.
type cronField struct {
	name        string
	least, most int
	words       []string // the first is for least
}

var cronFields = []cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

var cronNames = []string{"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}

// scheduleFault returns why Kubernetes refuses the schedule of a CronJob, or "".
func scheduleFault(schedule string) string {
	if strings.Contains(schedule, "TZ=") {
		return "want spec.timeZone in place of TZ="
	}
	if interval, ok := strings.CutPrefix(schedule, "@every "); ok {
		if _, err := time.ParseDuration(interval); err != nil {
			return "want a duration behind @every, such as 1h30m"
		}
		return ""
	}
	if strings.HasPrefix(schedule, "@") {
		if !slices.Contains(cronNames, schedule) {
			return "want one of " + strings.Join(cronNames, ", ") + ", @every DURATION, or five fields"
		}
		return ""
	}
	parts := strings.Fields(schedule)
	if len(parts) != len(cronFields) {
		return fmt.Sprintf("want 5 fields (minute, hour, day of the month, month, day of the week), not %d", len(parts))
	}
	for i, part := range parts {
		for item := range strings.SplitSeq(part, ",") {
			if item != "" && !cronFields[i].takes(item) {
				f := cronFields[i]
				return fmt.Sprintf("the %s %q is not one of %d to %d, a range, or * with a step such as */5", f.name, item, f.least, f.most)
			}
		}
	}
	return ""
}

// takes reports whether an item is *, N, N-M, or one of these with a step behind a slash.
func (f cronField) takes(item string) bool {
	span, step, stepped := strings.Cut(item, "/")
	if stepped {
		if n, err := strconv.Atoi(step); err != nil || n <= 0 {
			return false
		}
	}
	if span == "*" || span == "?" {
		return true
	}
	first, last, isRange := strings.Cut(span, "-")
	from, ok := f.number(first)
	if !isRange {
		return ok
	}
	to, okTo := f.number(last)
	return ok && okTo && from <= to
}

func (f cronField) number(s string) (int, bool) {
	if i := slices.Index(f.words, strings.ToLower(s)); i >= 0 {
		return f.least + i, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= f.least && n <= f.most
}
