//go:build unix

package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// bundles are bundles of two hundred services of real shapes: lists of peers, many kinds, services that wait for many others,
// ports, volumes, addresses.
//
//go:embed bundles
var bundles embed.FS

// mostOfUnchecked is how many times as long as without a check a document of two hundred services may take.
const mostOfUnchecked = 2

// compareShapes measures the check of each of bundles against rendering without it.
func compareShapes(ctx context.Context, composer, dir string, runs int, stdout io.Writer) error {
	names, err := fs.ReadDir(bundles, "bundles")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, bundles); err != nil {
		return fmt.Errorf("copy the bundles: %w", err)
	}
	fmt.Fprint(stdout, "\nTwo hundred services of real shapes, median of whole processes in turns.\n\n")
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\t%s\t%s\tratio\tleast … most\tof CPU time\t\n", unchecked, checked)
	all := true
	for _, name := range names {
		results := map[key]*result{}
		args := []string{composer, "render", "--bundle", filepath.Join(dir, "bundles", name.Name())}
		pair := []generator{
			{unchecked, func(int) []string { return append(slices.Clip(args), "--no-validate") }},
			{checked, func(int) []string { return args }},
		}
		if err := measure(ctx, pair, []int{0}, runs, results); err != nil {
			return err
		}
		plain, full := results[key{unchecked, 0}], results[key{checked, 0}]
		times := ratio(full, plain)
		all = all && times <= mostOfUnchecked
		fmt.Fprintf(table, "%s\t%s\t%s\t%.2f\t%s … %s\t%.2f\t\n", name.Name(), milliseconds(plain.median()), milliseconds(full.median()), times,
			milliseconds(full.times[0]), milliseconds(full.times[len(full.times)-1]), float64(full.cpu)/float64(plain.cpu))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(stdout)
	demand{fmt.Sprintf("the check of each takes at most as long as rendering it, which is %d times in all", mostOfUnchecked), "see the ratios", all}.print(stdout)
	return nil
}
