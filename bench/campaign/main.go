//go:build linux

// Command campaign runs the lottery's server and clients as processes while bad things happen to them: kill -9, SIGSTOP,
// full and read-only disks, and files that are taken away, emptied, and replaced by others, by links and by copies. After
// each round it compares bets.csv and what the agencies were told with what they were given. It prints its figures, and
// exits with 1 if a bet was lost, doubled or wrong, if an agency was told other winners, or if the line of the draw is not
// in the logs exactly once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := campaign(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "campaign:", err)
		os.Exit(1)
	}
}

type kind struct {
	name   string
	happen func(*round) error // one accident, while the lottery runs
}

var kinds = []kind{
	{"kill -9", (*round).kill},
	{"SIGSTOP", (*round).pause},
	{"full disk", (*round).fill},
	{"read-only", (*round).readOnly},
	{"file gone", (*round).takeAway},
	{"links, copies", (*round).link},
}

// figures are what a kind of accidents has led to.
type figures struct {
	rounds, accidents, bets         int
	lost, doubled, wrong, told, log int
}

func (f figures) bad() bool { return f.lost+f.doubled+f.wrong+f.told+f.log > 0 }

func campaign(ctx context.Context) error {
	rounds := flag.Int("rounds", 10, "rounds of each kind")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of all that is random")
	flag.Parse()
	dir, err := os.MkdirTemp("", "campaign-")
	if err != nil {
		return err
	}
	const services = "github.com/tp0-lab/composer/services/"
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", dir, services+"server", services+"client").CombinedOutput(); err != nil {
		return fmt.Errorf("build the services: %w\n%s", err, out)
	}
	random := rand.New(rand.NewPCG(*seed, 1))
	fmt.Printf("seed %d\n\n| accident | rounds | accidents | bets | lost | doubled | wrong | told wrong | sorteo not once |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n", *seed)
	bad := false
	for _, k := range kinds {
		var all figures
		for i := range *rounds {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			where := filepath.Join(dir, fmt.Sprintf("%s-%d", strings.NewReplacer(" ", "-", ",", "").Replace(k.name), i))
			f, err := play(ctx, k, dir, where, random)
			if errors.Is(err, errSkipped) {
				fmt.Fprintf(os.Stderr, "%s: %v\n", k.name, err)
				break
			}
			if err != nil {
				return fmt.Errorf("%s, round %d, see %s: %w", k.name, i+1, where, err)
			}
			all.add(f)
			if f.bad() {
				bad = true
				fmt.Fprintf(os.Stderr, "%s, round %d: see %s\n", k.name, i+1, where)
				continue
			}
			if err := os.RemoveAll(where); err != nil {
				return err
			}
		}
		fmt.Printf("| %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", k.name, all.rounds, all.accidents, all.bets,
			all.lost, all.doubled, all.wrong, all.told, all.log)
	}
	if bad {
		return errors.New("bets were lost, doubled or wrong, or told wrongly")
	}
	return os.RemoveAll(dir)
}

func (f *figures) add(g figures) {
	f.rounds += g.rounds
	f.accidents += g.accidents
	f.bets += g.bets
	f.lost += g.lost
	f.doubled += g.doubled
	f.wrong += g.wrong
	f.told += g.told
	f.log += g.log
}
