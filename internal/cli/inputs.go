package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// files returns the files that open reads, but for those of the bundle.
func (b *bundleFlags) files() []string {
	var paths []string
	for _, g := range b.given {
		_, file, _ := strings.Cut(g.text, "=")
		switch g.flag {
		case "values", "counts":
			file = g.text
		case "template", "set-file":
		default:
			continue
		}
		paths = append(paths, file)
	}
	return paths
}

// read returns the paths of the files that the command has read because another file names them, and of the Compose files
// of --file.
func (b *bundleFlags) read() []string {
	var paths []string
	if b.opened != nil {
		paths = b.opened.ReadFiles()
	}
	if b.project != nil {
		for _, f := range b.project.Files {
			paths = append(paths, f.Name)
		}
	}
	return paths
}

// stdinTwice returns an error if a command line names standard input, -, as more than one of its inputs.
func stdinTwice(c *cli.Context) error {
	inputs := append(c.Args().Slice(), c.StringSlice("file")...)
	if one, ok := c.Value("file").(string); ok {
		inputs = append(inputs, one)
	}
	for _, f := range c.Command.Flags {
		if repeated, ok := f.(*repeatedFlag); ok {
			inputs = append(inputs, repeated.values.source.files()...)
			break // all of them share one source
		}
	}
	inputs = slices.DeleteFunc(inputs, func(input string) bool { return input != "-" })
	if len(inputs) < 2 {
		return nil
	}
	return usagef("%s: standard input can be read once, and - is given %d times; put one of the inputs into a file", c.Command.Name, len(inputs))
}

// refuseOverwritingInput refuses to write to path if that is a file of the bundle, of the values or of more,
// by any name, because there may be no other copy.
func (b *bundleFlags) refuseOverwritingInput(c *cli.Context, path string) error {
	output, err := os.Stat(path)
	if err != nil || !output.Mode().IsRegular() {
		return nil
	}
	inputs := append(b.files(), b.read()...)
	if dir := c.String("bundle"); dir != "" {
		for _, pattern := range bundle.Files() {
			names, err := fs.Glob(os.DirFS(dir), pattern)
			if err != nil {
				return err
			}
			for _, name := range names {
				inputs = append(inputs, filepath.Join(dir, name))
			}
		}
	}
	for _, input := range inputs {
		if info, err := os.Stat(input); err == nil && os.SameFile(info, output) {
			return usagef("%s: %s is read for this, and would be overwritten; give another -o FILE", c.Command.Name, path)
		}
	}
	return nil
}

// refuseUnrepeatable refuses standard input, pipes and devices among the inputs of --watch, which reads its
// inputs again at each change.
func (b *bundleFlags) refuseUnrepeatable(c *cli.Context) error {
	for _, file := range b.files() {
		if file == "-" {
			return usagef("%s: --watch reads files again at each change, and standard input can be read once; give a file", c.Command.Name)
		}
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			return usagef("%s: --watch reads files again at each change, and %s is a pipe or a device, which can be read once; give a file", c.Command.Name, file)
		}
	}
	return nil
}
