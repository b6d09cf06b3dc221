//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

const (
	linted     = "composer lint"
	configured = "docker compose config -q"
	// lintRuns is how often both are run, as Compose takes seconds.
	lintRuns = 5
)

// compareLint measures composer lint against what people check a file with
// today, and prints the ratio. It prints a note instead on a machine without Docker Compose.
func compareLint(ctx context.Context, composer, dir string, stdout io.Writer) error {
	if err := exec.CommandContext(ctx, "docker", "compose", "version").Run(); err != nil {
		fmt.Fprintf(stdout, "\nThere is no docker compose here, so composer lint is not compared with it.\n")
		return nil
	}
	const n = 1000
	file := filepath.Join(dir, "compose.yaml")
	if out, err := command(ctx, []string{composer, "render", "--stage", stage, "-n", strconv.Itoa(n), "-o", file}).CombinedOutput(); err != nil {
		return fmt.Errorf("render: %w\n%s", err, out)
	}
	defer os.Remove(file)
	tools := []generator{
		{linted, func(int) []string { return []string{composer, "lint", file} }},
		{configured, func(int) []string { return []string{"docker", "compose", "-f", file, "config", "-q"} }},
	}
	results := map[key]*result{}
	if err := measure(ctx, tools, []int{n}, lintRuns, results); err != nil {
		return err
	}
	ours, theirs := results[key{linted, n}], results[key{configured, n}]
	demand{
		fmt.Sprintf("N=%d is checked at least 5 times quicker by %s than by %s", n, linted, configured),
		fmt.Sprintf("%s, %s: %.1f times", milliseconds(ours.median()), milliseconds(theirs.median()), ratio(theirs, ours)),
		ratio(theirs, ours) >= 5,
	}.print(stdout)
	return nil
}
