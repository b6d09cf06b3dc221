//go:build unix

// Command renderbench compares composer render with what people write today: a
// Python script of f-strings, and a loop over a heredoc in bash. It builds
// composer, checks that all print the same bytes, and measures whole processes
// in turns, so that a busy moment of the machine meets all of them.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	runs := flag.Int("runs", 25, "how often each process is run, at least 20")
	shapes := flag.Bool("shapes", false, "measure the check of two hundred services only")
	flag.Parse()
	if err := bench(context.Background(), max(*runs, 20), *shapes, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "renderbench: %v\n", err)
		os.Exit(1)
	}
}

// stage is the one that compose.py and compose.sh make.
const stage = "ej8"

// sizes are the numbers of clients in the table, and large is that for which the
// quickest two are compared: more than fit on a bridge, so without the check.
var sizes = []int{5, 1000}

const large = 100_000

// most is how many clients the stage may have without a flag.
const most = 1022

//go:embed compose.py
var pythonScript []byte

//go:embed compose.sh
var bashScript []byte

// generator is a program that prints a Compose file.
type generator struct {
	name    string
	command func(n int) []string
}

const (
	python    = "python f-strings"
	bash      = "bash heredoc"
	unchecked = "composer --no-validate"
	checked   = "composer"
)

func bench(ctx context.Context, runs int, shapes bool, stdout io.Writer) error {
	dir, err := os.MkdirTemp("", "renderbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	composer := filepath.Join(dir, "composer")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", composer, "github.com/tp0-lab/composer/composer").CombinedOutput(); err != nil {
		return fmt.Errorf("build composer: %w\n%s", err, out)
	}
	if shapes {
		return compareShapes(ctx, composer, dir, runs, stdout)
	}
	generators, err := scripts(ctx, dir, stdout)
	if err != nil {
		return err
	}
	render := func(more ...string) func(int) []string {
		return func(n int) []string {
			args := append([]string{composer, "render", "--stage", stage, "-n", strconv.Itoa(n)}, more...)
			if n > most {
				args = append(args, "--max-replicas", "0")
			}
			return args
		}
	}
	generators = append(generators, generator{unchecked, render("--no-validate")}, generator{checked, render()})
	if err := compare(ctx, generators, append([]int{0, 1, 300}, sizes...)); err != nil {
		return err
	}
	results := map[key]*result{}
	if err := measure(ctx, generators, sizes, runs, results); err != nil {
		return err
	}
	quick := slices.DeleteFunc(slices.Clone(generators), func(g generator) bool { return g.name != python && g.name != unchecked })
	if err := compare(ctx, quick, []int{large}); err != nil {
		return err
	}
	if err := measure(ctx, quick, []int{large}, runs, results); err != nil {
		return err
	}
	if err := printTable(stdout, generators, results, runs); err != nil {
		return err
	}
	printDemands(stdout, results)
	if err := compareShapes(ctx, composer, dir, runs, stdout); err != nil {
		return err
	}
	return compareLint(ctx, composer, dir, stdout)
}

// scripts returns those for which there is an interpreter, and says for which
// there is none.
func scripts(ctx context.Context, dir string, stdout io.Writer) ([]generator, error) {
	var found []generator
	for _, s := range []struct {
		name, program, file string
		text                []byte
	}{
		{python, "python3", "compose.py", pythonScript},
		{bash, "bash", "compose.sh", bashScript},
	} {
		interpreter, err := exec.LookPath(s.program)
		if err != nil {
			fmt.Fprintf(stdout, "There is no %s here, so it is left out.\n", s.program)
			continue
		}
		if s.program == "python3" {
			// What is on the PATH may be a script that looks for the real one: that is not Python's time.
			if found, err := exec.CommandContext(ctx, interpreter, "-c", "import sys; print(sys.executable)").Output(); err == nil {
				interpreter = strings.TrimSpace(string(found))
			}
		}
		path := filepath.Join(dir, s.file)
		if err := os.WriteFile(path, s.text, 0o644); err != nil {
			return nil, err
		}
		found = append(found, generator{s.name, func(n int) []string { return []string{interpreter, path, strconv.Itoa(n)} }})
	}
	return found, nil
}

// compare returns an error unless all print the same bytes.
func compare(ctx context.Context, generators []generator, sizes []int) error {
	for _, n := range sizes {
		var first []byte
		for i, g := range generators {
			// The bytes are not kept: a process starts as a copy of this one, and what is in memory here counts as its own.
			sum := sha256.New()
			c := command(ctx, g.command(n))
			c.Stdout = sum
			if err := c.Run(); err != nil {
				return fmt.Errorf("%s with %d clients: %w", g.name, n, err)
			}
			if i == 0 {
				first = sum.Sum(nil)
			} else if !bytes.Equal(first, sum.Sum(nil)) {
				return fmt.Errorf("%s and %s print different files for %d clients", generators[0].name, g.name, n)
			}
		}
	}
	return nil
}

// command makes one whose output goes nowhere, without the variables that
// change what composer does.
func command(ctx context.Context, args []string) *exec.Cmd {
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "COMPOSER_") })
	return c
}

// key is a cell of the table.
type key struct {
	generator string
	n         int
}

// result is what was measured of a process.
type result struct {
	times  []time.Duration
	cpu    time.Duration // of all runs
	memory int64         // the largest resident set, in bytes
}

func (r *result) median() time.Duration {
	slices.Sort(r.times)
	return (r.times[(len(r.times)-1)/2] + r.times[len(r.times)/2]) / 2
}

// nothing is the generator that measures what a process costs that does nothing.
const nothing = "true"

// measure runs each generator for each size, in turns, and adds to results.
func measure(ctx context.Context, generators []generator, sizes []int, runs int, results map[key]*result) error {
	all := append(slices.Clone(generators), generator{nothing, func(int) []string { return []string{"true"} }})
	for i := range runs + 2 {
		for _, n := range sizes {
			for _, g := range all {
				c := command(ctx, g.command(n))
				begin := time.Now()
				err := c.Run()
				took := time.Since(begin)
				if err != nil {
					return fmt.Errorf("%s with %d clients: %w", g.name, n, err)
				}
				if i < 2 {
					continue // the first ones fill caches
				}
				r := results[key{g.name, n}]
				if r == nil {
					r = &result{}
					results[key{g.name, n}] = r
				}
				r.times = append(r.times, took)
				r.cpu += c.ProcessState.UserTime() + c.ProcessState.SystemTime()
				if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
					r.memory = max(r.memory, usage.Maxrss<<10)
				}
			}
		}
	}
	return nil
}

func printTable(stdout io.Writer, generators []generator, results map[key]*result, runs int) error {
	fmt.Fprintf(stdout, "Stage %s, whole processes, median of %d runs in turns; all print the same bytes.\n\n", stage, runs)
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\t")
	for _, n := range sizes {
		fmt.Fprintf(table, "N=%d\tof composer\tpeak memory\t", n)
	}
	fmt.Fprintln(table)
	for _, g := range append(slices.Clone(generators), generator{name: nothing}) {
		fmt.Fprintf(table, "%s\t", g.name)
		for _, n := range sizes {
			r := results[key{g.name, n}]
			memory := fmt.Sprintf("%.1f MB", float64(r.memory)/1e6)
			// A process starts as a copy of this one, which counts as its own memory.
			if floor := results[key{nothing, n}].memory; r.memory <= floor+floor/20 {
				memory = fmt.Sprintf("< %.1f MB", float64(floor+floor/20)/1e6)
			}
			fmt.Fprintf(table, "%s\t%.2f\t%s\t", milliseconds(r.median()), ratio(r, results[key{checked, n}]), memory)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// demand is a limit, in words, with the measurement and whether it keeps to the limit.
type demand struct {
	text, got string
	holds     bool
}

func (d demand) print(w io.Writer) {
	verdict := "holds"
	if !d.holds {
		verdict = "DOES NOT HOLD"
	}
	fmt.Fprintf(w, "%-13s  %s: %s\n", verdict, d.text, d.got)
}

func printDemands(stdout io.Writer, results map[key]*result) {
	var (
		few, many   = results[key{checked, 5}], results[key{checked, 1000}]
		plain, huge = results[key{unchecked, 5}], results[key{unchecked, large}]
		demands     = []demand{
			{"N=1000 takes at most 1.5 times as long as N=5, both with the check", fmt.Sprintf("%.2f times", ratio(many, few)), ratio(many, few) <= 1.5},
			{
				fmt.Sprintf("N=%d with --no-validate takes at most 1.25 times the memory of N=5", large),
				fmt.Sprintf("%.1f MB, %.1f MB", float64(huge.memory)/1e6, float64(plain.memory)/1e6), huge.memory <= plain.memory*5/4,
			},
		}
	)
	// atMost demands that a takes at most so many times what b does.
	atMost := func(text string, a, b *result, times float64) {
		demands = append(demands, demand{
			fmt.Sprintf("%s takes at most %g times what Python does", text, times),
			fmt.Sprintf("%s, %s: %.2f times", milliseconds(a.median()), milliseconds(b.median()), ratio(a, b)), ratio(a, b) <= times,
		})
	}
	if script := results[key{python, 5}]; script != nil {
		// The demands are 10 ms and 60 ms where a script of Python takes 20 ms: most of
		// either is the start of a process, which other machines do three times as slowly.
		atMost("N=5 with --no-validate", plain, script, 10./20)
		atMost("N=5 with the check", few, script, 60./20)
		atMost(fmt.Sprintf("N=%d with --no-validate", large), huge, results[key{python, large}], 1)
	}
	fmt.Fprintln(stdout)
	for _, demand := range demands {
		demand.print(stdout)
	}
}

func ratio(a, b *result) float64 { return float64(a.median()) / float64(b.median()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
