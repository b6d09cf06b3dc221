// Command agreement compares composer lint with docker compose config -q on all Compose files below a directory: each
// file by itself, then each directory whose files Compose finds without -f. It prints how often the two agree, and each
// file about which they do not.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	jobs := flag.Int("jobs", 2, "how many files are compared at a time")
	composer := flag.String("composer", "composer", "the program that is compared")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "agreement: want one directory")
		os.Exit(2)
	}
	if err := compare(context.Background(), *composer, flag.Arg(0), *jobs, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "agreement: %v\n", err)
		os.Exit(1)
	}
}

// subject is what is compared: a file, or a directory with a project.
type subject struct {
	path string
	// base is the file that Compose lays path over, or "".
	base string
	dir  bool
}

type finding struct{ Severity, Rule, Message string }

// opinion is what both tools say of a subject.
type opinion struct {
	subject
	findings []finding
	// refusal is the first line that Compose wrote, or "".
	refusal string
	// byVariables says that Compose takes the subject when it puts in no variables.
	byVariables bool
}

func compare(ctx context.Context, composer, dir string, jobs int, stdout io.Writer) error {
	composer, err := filepath.Abs(composer)
	if err != nil {
		return err
	}
	files, projects, err := find(dir)
	if err != nil {
		return err
	}
	for _, group := range []struct {
		name     string
		subjects []subject
	}{{"files", files}, {"projects", projects}} {
		opinions, err := ask(ctx, composer, group.subjects, jobs)
		if err != nil {
			return err
		}
		printGroup(stdout, group.name, opinions)
	}
	return nil
}

// stems are the names, without their ends, that Compose looks for in a directory.
var stems = []string{"compose", "docker-compose"}

// find returns the Compose files below dir, and the directories that have a project.
func find(dir string) (files, projects []subject, err error) {
	seen := map[string]bool{}
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		name := entry.Name()
		ext := filepath.Ext(name)
		if err != nil || !entry.Type().IsRegular() || ext != ".yaml" && ext != ".yml" || !strings.Contains(name, "compose") {
			return err
		}
		stem := strings.TrimSuffix(name, ext)
		if overridden, ok := strings.CutSuffix(stem, ".override"); ok {
			files = append(files, subject{path: path, base: existing(filepath.Join(filepath.Dir(path), overridden))})
			return nil
		}
		files = append(files, subject{path: path})
		if parent := filepath.Dir(path); slices.Contains(stems, stem) && !seen[parent] {
			seen[parent] = true
			projects = append(projects, subject{path: parent, dir: true})
		}
		return nil
	})
	return files, projects, err
}

// existing returns the file of that stem, or "".
func existing(stem string) string {
	for _, ext := range []string{".yaml", ".yml"} {
		if info, err := os.Stat(stem + ext); err == nil && info.Mode().IsRegular() {
			return stem + ext
		}
	}
	return ""
}

// ask returns what both tools say of all subjects, in their order.
func ask(ctx context.Context, composer string, subjects []subject, jobs int) ([]opinion, error) {
	opinions, errs := make([]opinion, len(subjects)), make([]error, len(subjects))
	turns := make(chan struct{}, jobs)
	var asking sync.WaitGroup
	for i, s := range subjects {
		turns <- struct{}{}
		asking.Go(func() {
			opinions[i], errs[i] = askOne(ctx, composer, s)
			<-turns
		})
	}
	asking.Wait()
	return opinions, errors.Join(errs...)
}

func askOne(ctx context.Context, composer string, s subject) (opinion, error) {
	o := opinion{subject: s}
	lint, config := []string{"lint", "--json", "--no-config"}, []string{"compose"}
	dir, name := filepath.Split(s.path)
	if s.dir {
		dir = s.path
	} else {
		lint = append(lint, name)
		if s.base != "" {
			config = append(config, "-f", filepath.Base(s.base))
		}
		config = append(config, "-f", name)
	}
	stdout, stderr, err := run(ctx, dir, composer, lint...)
	if json.Unmarshal(stdout, &o.findings) != nil {
		return o, fmt.Errorf("composer lint in %s: %w: %s", s.path, err, stderr)
	}
	if _, stderr, err := run(ctx, dir, "docker", append(config, "config", "-q")...); err != nil {
		o.refusal = refusal(stderr, err)
		_, _, err := run(ctx, dir, "docker", append(config, "config", "-q", "--no-interpolate")...)
		o.byVariables = err == nil
	}
	return o, nil
}

// run runs a command for a minute at most, without variables of the environment that either tool reads.
func run(ctx context.Context, dir, name string, args ...string) (stdout, stderr []byte, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("it took more than a minute"))
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	var out, errs bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = dir, &out, &errs
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	if err = c.Run(); ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out.Bytes(), errs.Bytes(), err
}

// refusal returns the first line of Compose's that is no warning.
func refusal(stderr []byte, err error) string {
	for line := range strings.Lines(string(stderr)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "time=") {
			return line
		}
	}
	return err.Error()
}

// The classes of a subject.
const (
	bothTake        = "both take it"
	bothRefuse      = "both refuse it"
	onlyLint        = "only composer lint refuses it"
	onlyCompose     = "only Compose refuses it"
	part            = "only Compose refuses it: composer lint takes it for a part of a project"
	variableUnknown = "only Compose refuses it: for the value of a variable"
)

// class returns the class of an opinion, and the reasons of the side that refuses.
func (o opinion) class() (class string, reasons []string) {
	refused := slices.ContainsFunc(o.findings, func(f finding) bool { return f.Severity == "error" })
	switch {
	case refused && o.refusal != "":
		return bothRefuse, nil
	case refused:
		seen := map[string]string{}
		for _, f := range o.findings {
			if _, ok := seen[f.Rule]; !ok && f.Severity == "error" {
				seen[f.Rule] = f.Rule + ": " + f.Message
			}
		}
		return onlyLint, slices.Sorted(maps.Values(seen))
	case o.refusal == "":
		return bothTake, nil
	case slices.ContainsFunc(o.findings, func(f finding) bool { return f.Rule == "part-of-project" }):
		return part, []string{o.refusal}
	case o.byVariables:
		return variableUnknown, []string{o.refusal}
	}
	return onlyCompose, []string{o.refusal}
}

func printGroup(stdout io.Writer, name string, opinions []opinion) {
	fmt.Fprintf(stdout, "%s: %d\n", name, len(opinions))
	counts, rules := map[string]int{}, map[string]int{}
	lines := map[string][]string{}
	for _, o := range opinions {
		class, reasons := o.class()
		counts[class]++
		for _, reason := range reasons {
			if class == onlyLint {
				rule, _, _ := strings.Cut(reason, ":")
				rules[rule]++
			}
			lines[class] = append(lines[class], "    "+o.path+": "+reason)
		}
	}
	for _, class := range []string{bothTake, bothRefuse, onlyLint, onlyCompose, part, variableUnknown} {
		fmt.Fprintf(stdout, "%6d  %s\n", counts[class], class)
	}
	for _, rule := range slices.SortedFunc(maps.Keys(rules), func(a, b string) int { return cmp.Or(rules[b]-rules[a], cmp.Compare(a, b)) }) {
		fmt.Fprintf(stdout, "%10d  %s\n", rules[rule], rule)
	}
	for _, class := range []string{onlyLint, onlyCompose, part, variableUnknown} {
		if len(lines[class]) > 0 {
			fmt.Fprintf(stdout, "  %s:\n%s\n", class, strings.Join(lines[class], "\n"))
		}
	}
}
