//go:build unix

package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// demands are the limits that a scenario must keep; 0 means no limit.
type demands struct {
	seconds        float64 // at most
	ratio          float64 // to the floor, at most
	rate           float64 // bets a second, at least
	server, client float64 // bytes, at most
}

// idleDemand is the most that an idle connection may cost the server, in bytes.
const idleDemand = 16_000

// report is all that was measured. Megabytes are millions of bytes.
type report struct {
	machine string
	load    float64 // of the machine at the start: how many processes wanted a processor
	rows    []row
	idle    idleOutcome
	old     string // what the other tree is; "" for none
	own     int64  // most memory of the benchmark itself
}

func (r row) seconds() float64 { return r.ours.took.Seconds() }
func (r row) rate() float64    { return float64(r.bets) / r.seconds() }
func (r row) ratio() float64   { return r.ratios[len(r.ratios)/2] }

func (r row) name() string {
	if r.limit == fullFrames {
		return r.scenario.name + ", full frames"
	}
	return fmt.Sprintf("%s, batches of %d", r.scenario.name, r.limit)
}

func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks of the lottery

Written by `+"`make bench`"+` (`+"`bench/lottery`"+`): native processes, fsync on, no pacing. Times are from the first client's start to the
last one's exit, the median of the runs; memory is the most of any run (peak resident set; MB are 10⁶ bytes, of the CSV files in MB/s).
The floor, measured right before each run: the same files sent by as many processes over loopback TCP to one process that
appends all to one file, with one fsync. "× floor" is the median of the runs' ratios to the floor before them, with the least and the most. Every run was checked: as many lines in `+"`bets.csv`"+` as bets, and each agency was told as many
winners as its file has. "Full frames" are batches that the 8192 bytes of a frame close.

%s%s
| row | agencies | bets | runs | seconds | bets/s | MB/s | server MB | largest client MB | floor seconds | × floor | least … most |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`, r.machine, r.busyNote())
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %.3f | %s | %.1f | %.1f | %.1f | %.3f | %.2f | %.2f … %.2f |\n",
			row.name(), text.Thousands(len(row.scenario.shape)), text.Thousands(row.bets), row.scenario.runs,
			row.seconds(), text.Thousands(int(row.rate())), float64(row.bytes)/1e6/row.seconds(),
			float64(row.ours.server)/1e6, float64(row.ours.client)/1e6, row.floor.took.Seconds(), row.ratio(), row.ratios[0], row.ratios[len(row.ratios)-1])
	}
	if r.idle.connections > 0 {
		fmt.Fprintf(&b, "| %s idle connections | | 0 | 1 | | | | %.1f | | | | |\n", text.Thousands(r.idle.connections), float64(r.idle.peak)/1e6)
		fmt.Fprintf(&b, "\nThe idle connections are welcomed ones of one process; the server's resident set grew from %.1f to %.1f MB.",
			float64(r.idle.before)/1e6, float64(r.idle.after)/1e6)
	}
	fmt.Fprintf(&b, "\nLinux counts in a process's peak what the benchmark itself held when it started it: %.1f MB at most.\n\n", float64(r.own)/1e6)
	r.compared(&b)
	b.WriteString("| demand | measured | holds |\n|---|--:|---|\n")
	for _, row := range r.rows {
		row.judge(&b, r.busy())
	}
	if r.idle.connections == 0 {
		return b.String()
	}
	verdict(&b, fmt.Sprintf("%s idle connections: under %d bytes each", text.Thousands(r.idle.connections), idleDemand),
		text.Thousands(int(r.idle.each())), r.idle.each() < idleDemand, false)
	return b.String()
}

func (r report) busyNote() string {
	if !r.busy() {
		return ""
	}
	return fmt.Sprintf("\n**The machine was busy**: %.1f processes wanted its processors when this began. Times are longer then, and ratios to the\n"+
		"floor, which needs the processors less, are worse. CPU time compares what programs do.\n", r.load)
}

// compared writes a table of the CPU time of this tree and of the other one, if there is one.
func (r report) compared(b *strings.Builder) {
	if r.old == "" {
		return
	}
	fmt.Fprintf(b, "Compared with %s, whose services ran in turn with these, by user and system time of all processes, which a busy machine changes less:\n\n"+
		"| row | runs | CPU seconds | before | now ÷ before | least … most |\n|---|--:|--:|--:|--:|--:|\n", r.old)
	for _, row := range r.rows {
		n := len(row.toOld)
		fmt.Fprintf(b, "| %s | %d | %.3f | %.3f | %.3f | %.3f … %.3f |\n", row.name(), n, row.ours.cpu.Seconds(), row.old.cpu.Seconds(),
			row.toOld[n/2], row.toOld[0], row.toOld[n-1])
	}
	b.WriteByte('\n')
}

// judge writes a line for each demand. On a busy machine a time that is too long proves nothing.
func (r row) judge(b *strings.Builder, busy bool) {
	d, name, took := r.scenario.demands, r.name(), fmt.Sprintf("%.3f s", r.seconds())
	if d == (demands{}) {
		verdict(b, name+": at once, exact", took, true, busy) // it would have failed
	}
	check := func(limit float64, demand, measured string, holds, busy bool) {
		if limit > 0 {
			verdict(b, name+": "+demand, measured, holds, busy)
		}
	}
	check(d.seconds, fmt.Sprintf("under %g s", d.seconds), took, r.seconds() < d.seconds, busy)
	check(d.ratio, fmt.Sprintf("at most %g × floor", d.ratio), fmt.Sprintf("%.2f", r.ratio()), r.ratio() <= d.ratio, busy)
	check(d.rate, fmt.Sprintf("at least %s bets/s", text.Thousands(int(d.rate))), text.Thousands(int(r.rate())), r.rate() >= d.rate, busy)
	server, client := float64(r.ours.server), float64(r.ours.client)
	check(d.server, fmt.Sprintf("server under %g MB", d.server/1e6), fmt.Sprintf("%.1f MB", server/1e6), server < d.server, false)
	check(d.client, fmt.Sprintf("each client under %g MB", d.client/1e6), fmt.Sprintf("%.1f MB", client/1e6), client < d.client, false)
}

func verdict(b *strings.Builder, demand, measured string, holds, busy bool) {
	word := "yes"
	switch {
	case !holds && busy:
		word = "not on a busy machine"
	case !holds:
		word = "**no**"
	}
	fmt.Fprintf(b, "| %s | %s | %s |\n", demand, measured, word)
}

// busy reports whether others wanted the processors, too, which makes times longer and ratios worse.
func (r report) busy() bool { return r.load > float64(runtime.NumCPU())/2 }

// loadNow returns the load average of the last minute, or 0 if the system has none.
func loadNow() (load float64) {
	text, _ := os.ReadFile("/proc/loadavg")
	_, _ = fmt.Sscan(string(text), &load)
	return load
}

// commitOf returns the name of the commit of the tree at that directory, or "" for "".
func commitOf(tree string) string {
	if tree == "" {
		return ""
	}
	text, err := exec.Command("git", "-C", tree, "describe", "--always", "--dirty").Output()
	if err != nil {
		return "another tree"
	}
	return "commit " + strings.TrimSpace(string(text))
}

// describe says in a Markdown list what machine this is. What cannot be found
// out is unknown: no reason not to measure.
func describe(dir string) string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	// GNU's stat takes ext4 for "ext2/ext3": they share a number. df does not.
	system, _ := exec.Command("df", "--output=fstype", dir).Output()
	_, kind, _ := strings.Cut(strings.TrimSpace(string(system)), "\n")
	var b strings.Builder
	for _, item := range [][2]string{
		{"CPU", fmt.Sprintf("%s, %d cores", procField("/proc/cpuinfo", "model name"), runtime.NumCPU())},
		{"memory", procField("/proc/meminfo", "MemTotal")},
		{"kernel", runtime.GOOS + " " + strings.TrimSpace(string(release))},
		{"Go", runtime.Version() + " " + runtime.GOARCH},
		{"file system of the temporary directory", cmp.Or(kind, "unknown")},
	} {
		fmt.Fprintf(&b, "- %s: %s\n", item[0], item[1])
	}
	return b.String()
}
