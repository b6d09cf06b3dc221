// Package agreement compares the verdicts of verify with those of people who have read the solutions. The corpus describes
// public solutions: where they are, at which commits, and what is wrong with them. It holds none of their code.
package agreement

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/verify"
	"github.com/tp0-lab/composer/internal/text"
)

// Corpus holds descriptions of solutions.
type Corpus struct {
	Solutions []Solution `yaml:"solutions"`
}

// Solution is a public repository and the true verdicts about it. A scenario that neither Wrong nor Open names is right.
type Solution struct {
	Repo string `yaml:"repo"` // OWNER/NAME on GitHub
	// Branches are the full commits of the stages' branches, by stage.
	Branches map[string]string `yaml:"branches"`
	// Wrong says in plain words what is wrong, by scenario ("ej6 one-bet").
	Wrong map[string]string `yaml:"wrong"`
	// Open says why there is no true verdict, by scenario or by stage ("ej3"): chance decides, the branch is missing,
	// or a fault that another scenario judges comes first. Add does not compare these scenarios. An entry for a stage
	// does not cover the scenarios that Wrong names.
	Open map[string]string `yaml:"open"`
}

// Read reads a corpus. Its error names an entry that fits no scenario.
func Read(r io.Reader) (Corpus, error) {
	content, err := io.ReadAll(r)
	if err != nil {
		return Corpus{}, err
	}
	var c Corpus
	d := yaml.NewDecoder(bytes.NewReader(content))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		return Corpus{}, err
	}
	var names, stages []string
	for _, s := range verify.Scenarios() {
		names, stages = append(names, s.Stage+" "+s.Name), append(stages, s.Stage)
	}
	for _, s := range c.Solutions {
		if owner, name, ok := strings.Cut(s.Repo, "/"); !ok || owner == "" || name == "" {
			return Corpus{}, fmt.Errorf("repo %q: want OWNER/NAME", s.Repo)
		}
		for at, why := range s.Wrong {
			if !slices.Contains(names, at) || why == "" {
				return Corpus{}, fmt.Errorf("%s: wrong: %q: want a scenario and a reason%s", s.Repo, at, text.DidYouMean(at, names))
			}
		}
		for at, why := range s.Open {
			if !slices.Contains(slices.Concat(names, stages), at) || why == "" {
				return Corpus{}, fmt.Errorf("%s: open: %q: want a scenario or a stage, and a reason%s", s.Repo, at, text.DidYouMean(at, names))
			}
			if s.Wrong[at] != "" {
				return Corpus{}, fmt.Errorf("%s: %q is wrong and open: leave it out of one of the lists", s.Repo, at)
			}
		}
	}
	return c, nil
}

// Agreement counts verdicts of verify against the true ones.
type Agreement struct {
	Same         int      // verdicts that agree with the corpus
	Guilty       []string // the corpus says right, verify says wrong
	Innocent     []string // the corpus says wrong, verify says right
	Unjudged     []string // the corpus has a verdict, verify has none
	Open         int      // not compared
	OtherCommits []string // solutions whose branches have other commits than the corpus names
}

// Add compares the report about a solution with its true verdicts. It compares nothing if a branch has another commit
// than the corpus names. A scenario that verify skipped, because another scenario of its stage failed, agrees with the
// corpus if the corpus says wrong, and counts as unjudged if the corpus says right.
func (a *Agreement) Add(s Solution, r report.Report) {
	for _, b := range r.Branches {
		if want := s.Branches[b.Stage]; want != b.Commit {
			a.OtherCommits = append(a.OtherCommits, fmt.Sprintf("%s %s: at %.12s, and the corpus is about %.12s", s.Repo, b.Stage, b.Commit, want))
			return
		}
	}
	for _, found := range r.Scenarios {
		at := found.Stage + " " + found.Name
		why, wrong := s.Wrong[at]
		_, open := s.Open[at]
		_, openStage := s.Open[found.Stage]
		line := s.Repo + " " + at
		switch {
		case found.Status == report.Unasked:
		case open || openStage && !wrong:
			a.Open++
		case found.Status == report.Failed && !wrong:
			seen := ""
			if len(found.Problems) > 0 {
				seen = ": expected " + found.Problems[0].Expected + "; seen " + text.Short(text.Line(found.Problems[0].Seen), 200)
			}
			a.Guilty = append(a.Guilty, line+seen)
		case found.Status == report.Passed && wrong:
			a.Innocent = append(a.Innocent, line+": "+why)
		case found.Status == report.Unjudged || found.Status == report.Skipped && !wrong:
			a.Unjudged = append(a.Unjudged, line+": "+found.Reason)
		default:
			a.Same++
		}
	}
}

// Right reports whether verdicts were compared and none is false.
func (a *Agreement) Right() bool { return a.Same > 0 && len(a.Guilty) == 0 && len(a.Innocent) == 0 }

// Write writes the counts, and each difference on a line.
func (a *Agreement) Write(w io.Writer) error {
	for _, part := range []struct {
		name  string
		lines []string
	}{{"false guilty", a.Guilty}, {"false innocent", a.Innocent}, {"not judged", a.Unjudged}, {"other commits", a.OtherCommits}} {
		for _, l := range part.lines {
			if _, err := fmt.Fprintf(w, "%s: %s\n", part.name, text.Printable(l)); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "%d verdicts agree, %d false guilty, %d false innocent, %d not judged, %d open\n",
		a.Same, len(a.Guilty), len(a.Innocent), len(a.Unjudged), a.Open)
	return err
}
