package render

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/text"
)

// Command returns the command line that renders stages again, each word quoted for a shell. more are its last words.
// The numbers of replicas in it are those of the stage called of. Its errors are those of bundle.Bundle.Kinds, or wrap
// ErrReplicas.
func (e *Engine) Command(of string, stages []string, more ...string) (string, error) {
	kinds, err := e.kinds(of)
	if err != nil {
		return "", err
	}
	counts, err := e.counts(kinds, Counted)
	if err != nil {
		return "", err
	}
	return e.command(stages, kinds, counts, more), nil
}

// command leaves out the numbers that come from values, as the values are there.
func (e *Engine) command(stages []string, kinds bundle.Kinds, counts Counts, more []string) string {
	words := []string{"composer", "render"}
	for _, stage := range stages {
		words = append(words, "--stage", stage)
	}
	for _, kind := range kinds.All {
		if kind.FromValues && !kind.Given {
			continue
		}
		count := strconv.Itoa(counts[kind.Name])
		if kind.Name != kinds.First() {
			count = kind.Name + "=" + count
		}
		words = append(words, "-n", count)
	}
	if e.bundle.UserLimit {
		words = append(words, "--max-replicas", strconv.Itoa(e.bundle.MaxReplicas))
	}
	for _, word := range slices.Concat(e.bundle.Arguments, more) {
		words = append(words, text.ShellWord(word))
	}
	return strings.Join(words, " ")
}
