package dataset

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const good = "Ana María,Núñez,01234567,1990-02-28,7574\r\n"
	for name, test := range map[string]struct {
		content string
		limit   int
		want    Report // without file, bytes and reasons
		reasons []string
	}{
		"clean":         {content: good + "A,B,2,2000-02-29,1\n\nA,B,3,2000-01-01,2", limit: 5, want: Report{Bets: 3, Winners: 1}},
		"empty":         {content: "", limit: 5},
		"few fields":    {content: good + "A,B,2\r\n", limit: 5, want: Report{Bets: 1, Winners: 1, Bad: 1, Problems: []Problem{{Line: 2}}}, reasons: []string{"columns"}},
		"every one bad": {content: "A,B,2,2000-02-30,1\nA,B,2,2000-02-28,x\n,B,2,2000-02-28,1\n", limit: 5, want: Report{Bad: 3, Problems: []Problem{{Line: 1}, {Line: 2}, {Line: 3}}}, reasons: []string{"birthdate", "number", "first name"}},
		"over limit":    {content: "x\nx\nx\nx\n", limit: 2, want: Report{Bad: 4, Problems: []Problem{{Line: 1}, {Line: 2}}}, reasons: []string{"", ""}},
		"limit of none": {content: "x\n" + good + good, limit: 0, want: Report{Bets: 2, Winners: 2, Bad: 1, Repeats: 1}},
		"long line":     {content: good + strings.Repeat("x", 9<<10) + "\n" + good, limit: 5, want: Report{Bets: 2, Winners: 2, Bad: 1, Problems: []Problem{{Line: 2}}, Repeats: 1, Warnings: []Problem{{Line: 3}}}, reasons: []string{"line is over"}},
		"endless line":  {content: good + strings.Repeat("x", 1<<20), limit: 5, want: Report{Bets: 1, Winners: 1, Bad: 1, Problems: []Problem{{Line: 2}}, Unread: true}, reasons: []string{"line is over"}},
		"repeats":       {content: good + "A,B,01234567,2000-01-01,7574\n" + "A,B,1234567,2000-01-01,7574\n" + "A,B,01234567,2000-01-01,7575\n", limit: 5, want: Report{Bets: 4, Winners: 3, Repeats: 1, Warnings: []Problem{{Line: 2}}}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "agency-1.csv")
			write(t, file, test.content)
			got, err := Check(t.Context(), file, test.limit)
			if err != nil {
				t.Fatal(err)
			}
			if got.Bytes != int64(len(test.content)) && !got.Unread {
				t.Errorf("%d bytes, want %d", got.Bytes, len(test.content))
			}
			for i, p := range got.Problems {
				if i < len(test.reasons) && !strings.Contains(p.Reason, test.reasons[i]) {
					t.Errorf("line %d: %s, want %q in it", p.Line, p.Reason, test.reasons[i])
				}
				got.Problems[i].Reason = ""
			}
			for i, p := range got.Warnings {
				if want := `document "01234567" bets on 7574 again`; p.Reason != want {
					t.Errorf("line %d: %s", p.Line, p.Reason)
				}
				got.Warnings[i].Reason = ""
			}
			want := test.want
			want.File, want.Bytes = file, got.Bytes
			want.Problems = append([]Problem{}, want.Problems...)
			want.Warnings = append([]Problem{}, want.Warnings...)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestCheckErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Check(t.Context(), filepath.Join(dir, "none"), 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Check(t.Context(), dir, 1); err == nil {
		t.Error("a directory: no error")
	}
	file := filepath.Join(dir, "agency-1.csv")
	write(t, file, "A,B,1,2000-01-01,1\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Check(ctx, file, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCheckFiles(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	for _, name := range []string{"agency-2.csv", "agency-10.csv", "agency-x.csv", "bets.csv"} {
		write(t, filepath.Join(dir, name), "")
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for path, want := range map[string][]string{in("bets.csv"): {in("bets.csv")}, dir: {in("agency-2.csv"), in("agency-10.csv")}} {
		if got, err := CheckFiles(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v", path, got, err)
		}
	}
	if _, err := CheckFiles(empty); !errors.Is(err, ErrNoAgencies) {
		t.Errorf("no agency files: %v", err)
	}
	if _, err := CheckFiles(filepath.Join(empty, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

// The data that comes with composer is good.
func TestShippedDatasetIsClean(t *testing.T) {
	dir := t.TempDir()
	got, err := Extract(t.Context(), shipped, dir, ExtractOptions{})
	if err != nil || len(got.Written) != 5 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, file := range got.Written {
		want := DefaultShape()[i]
		r, err := Check(t.Context(), file, 1)
		if err != nil || r.Bets != want.Bets || r.Winners != want.Winners || r.Bad != 0 || r.Repeats != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
