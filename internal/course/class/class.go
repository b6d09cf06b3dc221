// Package class judges the repositories of a class with verify, several at once, and writes the results into a
// directory: a page and a JSON report for each student, and a page, grades and JSON about the class.
//
// The directory is up to date after each student, so an interrupted run loses only the students that it was judging. A
// later run keeps the report of a student whose commits, composer, engine and scenarios are the same.
package class

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/verify"
	"github.com/tp0-lab/composer/internal/files"
)

// The files about the whole class in its directory.
const (
	classPage  = "index.html"
	gradesFile = "grades.csv"
	classFile  = "class.json"
)

// notReached is the reason why a student has no verdict yet.
const notReached = "the run has not come to this student"

// resultFiles are the names of the files about the class.
var resultFiles = []string{classPage, gradesFile, classFile}

// studentsDir is the directory of the students' pages and reports.
const studentsDir = "students"

// Options are the options of Run.
type Options struct {
	List
	Dir     string // for the results; Run makes it if it is missing
	Jobs    int    // the most repositories that are judged at once, at least 1
	Weights report.Weights
	// Verify are the options of verify for each repository. All repositories share their Slots. Run sets Repo and
	// Single, and sets Branches for a student with a pattern.
	Verify verify.Options
	// Judge judges one repository, as verify.Run does.
	Judge func(context.Context, verify.Options) (report.Report, error)
	// Began and Ended, if not nil, are called by Run when the work on a student begins and ends, from several
	// goroutines at once.
	Began func(Student)
	Ended func(report.Student)
	// Building, if not nil, is called by Run before it builds an image of a student, from several goroutines at once.
	Building func(s Student, image string)
	Now      func() time.Time
}

// maxReport bounds a JSON report that kept reads, in bytes: 61 scenarios with as many lines as a report can hold.
const maxReport = 1 << 30

// run is a run over a class.
type run struct {
	Options
	scenarios []verify.Scenario
	files     map[string]string // as of fileNames

	mu     sync.Mutex // guards the fields below and the files about the class
	class  report.Class
	judged int             // number of students of class with a result; the others are notReached
	err    error           // the first error of each file that could not be written
	told   map[string]bool // the files in err
}

// Run judges the repositories and writes the results. A repository that is wrong or cannot be judged is no error. An
// error says that ctx ended or that results could not be written. The class then holds the results so far: once one
// student has a result, the class lists all students, and students without a result have an Error.
func Run(ctx context.Context, o Options) (report.Class, error) {
	chosen, err := verify.Chosen(o.Verify)
	if err != nil {
		return report.Class{}, err
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, studentsDir), 0o755); err != nil {
		return report.Class{}, fmt.Errorf("the directory of the results: %w", err)
	}
	r := &run{Options: o, scenarios: chosen, files: fileNames(o.Students), told: make(map[string]bool)}
	r.class = report.Class{Language: o.Verify.Language, Composer: o.Verify.Version, Engine: engineName(o.Verify), Started: o.Now(), Stages: verify.Stages(chosen), Weights: o.Weights, Separator: o.Separator}
	r.Verify.Single = new(sync.Mutex)
	results := make([]*report.Student, len(o.Students))
	slots := make(chan struct{}, max(o.Jobs, 1))
	var workers sync.WaitGroup
	for i, s := range o.Students {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		workers.Go(func() {
			defer func() { <-slots }()
			result, finished := r.judge(ctx, s)
			if !finished {
				return
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			dropLogs(result.Report)
			results[i] = &result
			r.write(results)
			if o.Ended != nil {
				o.Ended(result)
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		next := "the same command goes on"
		if o.Verify.Version == report.Unreleased {
			next = "this build of composer has no version, so it judges all of them again"
		}
		r.err = errors.Join(fmt.Errorf("verify: interrupted after %d of %d students; %s", r.judged, len(o.Students), next), r.err)
	}
	return r.class, r.err
}

// dropLogs removes the logs from a report that is on disk already: the logs of a hundred students would fill the
// memory.
func dropLogs(r report.Report) {
	for i := range r.Scenarios {
		r.Scenarios[i].Timeline = nil
		for j := range r.Scenarios[i].Problems {
			r.Scenarios[i].Problems[j].Around = nil
		}
	}
}

func engineName(o verify.Options) string {
	if o.Docker {
		return "docker"
	}
	return "local"
}

// judge returns the result of a student; finished is false if ctx ended first.
func (r *run) judge(ctx context.Context, s Student) (result report.Student, finished bool) {
	o := r.Verify
	o.Repo = s.Repo
	if s.Branches != "" {
		o.Branches = s.Branches
	}
	if r.Building != nil {
		o.Building = func(image string) { r.Building(s, image) }
	}
	result = report.Student{Name: s.Name, Repo: s.Repo}
	branches, err := verify.Branches(ctx, o)
	if err == nil {
		if kept, ok := r.kept(s, branches); ok {
			result.Report, result.Kept, result.Page = kept, true, r.pageOf(s)
			if !slices.Equal(kept.Branches, branches) { // a remote's branches differ
				result.Report.Branches, result.Report.Language = branches, r.Verify.Language
				result.Page = r.writePage(s, result.Report)
			}
			return result, ctx.Err() == nil
		}
		if r.Began != nil {
			r.Began(s)
		}
		result.Report, err = r.Judge(ctx, o)
	}
	if ctx.Err() != nil {
		return result, false
	}
	if len(result.Report.Scenarios) == 0 {
		if err != nil {
			result.Error = err.Error()
		}
		return result, true
	}
	if err != nil { // such as a directory that stays; it says nothing about the solution
		last := &result.Report.Scenarios[len(result.Report.Scenarios)-1]
		last.Troubles = append(last.Troubles, err.Error())
	}
	result.Page = r.writePage(s, result.Report)
	return result, true
}

// writePage writes the files of a student and returns the page, or "" if they could not be written.
func (r *run) writePage(s Student, found report.Report) string {
	if err := r.writeStudent(s, found); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.keep(s.Name, err)
		return ""
	}
	return r.pageOf(s)
}

// pageOf returns the student's page from the directory of the class, with slashes: it is part of a link.
func (r *run) pageOf(s Student) string { return studentsDir + "/" + r.files[s.Name] + ".html" }

func (r *run) reportOf(s Student) string {
	return filepath.Join(r.Dir, studentsDir, r.files[s.Name]+".json")
}

// kept returns the report of an earlier run if that run judged everything, and a new run would judge the same commits
// in the same way. The report's remote branches may be out of date.
func (r *run) kept(s Student, branches []report.Branch) (report.Report, bool) {
	content, err := files.ReadRegular(r.reportOf(s), maxReport)
	if err != nil {
		return report.Report{}, false
	}
	kept, err := report.ReadJSON(bytes.NewReader(content))
	if err != nil {
		return report.Report{}, false
	}
	target := strings.ToValidUTF8(s.Repo, "\uFFFD") // as in JSON
	same := kept.Composer == r.Verify.Version && kept.Composer != report.Unreleased && kept.Beyond == r.Verify.Beyond && kept.Engine == engineName(r.Verify) && kept.Target == target &&
		slices.EqualFunc(kept.Branches, branches, func(a, b report.Branch) bool { return a.Stage == b.Stage && a.Name == b.Name && a.Commit == b.Commit }) &&
		slices.EqualFunc(kept.Scenarios, r.scenarios, func(a report.Scenario, b verify.Scenario) bool { return a.Stage == b.Stage && a.Name == b.Name })
	if !same || slices.ContainsFunc(kept.Scenarios, func(s report.Scenario) bool { return s.Status == report.Unjudged || len(s.Troubles) > 0 }) {
		return report.Report{}, false
	}
	_, err = os.Stat(filepath.Join(r.Dir, filepath.FromSlash(r.pageOf(s))))
	return kept, err == nil
}

func (r *run) writeStudent(s Student, found report.Report) error {
	page := filepath.Join(r.Dir, filepath.FromSlash(r.pageOf(s)))
	_, err := files.WriteFrom(page, func(w io.Writer) error { return report.WriteHTML(w, found) })
	if err != nil {
		return err
	}
	_, err = files.WriteFrom(r.reportOf(s), func(w io.Writer) error { return report.WriteJSON(w, found) })
	return err
}

// write writes the files about the class with the results so far. The caller holds mu.
func (r *run) write(results []*report.Student) {
	r.class.Students, r.judged = nil, 0
	for i, s := range results {
		if s == nil {
			s = &report.Student{Name: r.Students[i].Name, Repo: r.Students[i].Repo, Error: notReached}
		} else {
			r.judged++
		}
		r.class.Students = append(r.class.Students, *s)
	}
	r.class.Duration = r.Now().Sub(r.class.Started)
	for _, f := range []struct {
		name  string
		write func(io.Writer, report.Class) error
	}{{classPage, report.WriteClassHTML}, {gradesFile, report.WriteGrades}, {classFile, report.WriteClassJSON}} {
		_, err := files.WriteFrom(filepath.Join(r.Dir, f.name), func(w io.Writer) error { return f.write(w, r.class) })
		r.keep(f.name, err)
	}
}

// keep adds the error of a file that could not be written, once for each file. The caller holds mu.
func (r *run) keep(name string, err error) {
	if err != nil && !r.told[name] {
		r.told[name] = true
		r.err = errors.Join(r.err, err)
	}
}
