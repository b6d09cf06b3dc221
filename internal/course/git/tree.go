package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The modes of entries (gitformat-index(5)).
const (
	Regular    = "100644"
	Executable = "100755"
	Symlink    = "120000"
	Submodule  = "160000"
)

// Entry is an entry of a tree.
type Entry struct {
	Mode string // six octal digits
	Type string // blob, tree or commit
	Hash string
	Path string
	Size int64 // of a blob in bytes; only Files sets it
}

// Tree returns the entries of a tree, without the entries of the trees below it.
func (r *Repository) Tree(ctx context.Context, tree string) ([]Entry, error) {
	return r.list(ctx, "ls-tree", "-z", tree)
}

// Files returns the files and symbolic links in a tree and the trees below it.
func (r *Repository) Files(ctx context.Context, tree string) ([]Entry, error) {
	return r.list(ctx, "ls-tree", "-z", "-r", "-l", tree)
}

func (r *Repository) list(ctx context.Context, args ...string) ([]Entry, error) {
	out, err := r.Output(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		head, path, _ := strings.Cut(line, "\t")
		fields := strings.Fields(head)
		if len(fields) < 3 {
			continue // an empty tree
		}
		e := Entry{Mode: fields[0], Type: fields[1], Hash: fields[2], Path: path}
		if len(fields) > 3 && e.Type == "blob" {
			if e.Size, err = strconv.ParseInt(fields[3], 10, 64); err != nil {
				return nil, fmt.Errorf("the repository lacks the content of %q: it is damaged, or copied in part; `git fsck` says more", path)
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// WriteTree writes a tree of entries in any order and returns its hash.
func (r *Repository) WriteTree(ctx context.Context, entries []Entry) (string, error) {
	var input strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&input, "%s %s %s\t%s\x00", e.Mode, e.Type, e.Hash, e.Path)
	}
	return r.Text(ctx, input.String(), "mktree", "-z")
}

// WriteObject writes a blob, commit or other type of object and returns its hash.
func (r *Repository) WriteObject(ctx context.Context, kind, content string) (string, error) {
	return r.Text(ctx, content, "hash-object", "-w", "--stdin", "-t", kind)
}

// Read returns the content of an object, such as "main:README.md".
func (r *Repository) Read(ctx context.Context, kind, object string) (string, error) {
	out, err := r.Output(ctx, nil, "cat-file", kind, object)
	return string(out), err
}

// ReadAll calls read with the content of each blob in turn. It stops at the first error.
func (r *Repository) ReadAll(ctx context.Context, blobs []Entry, read func(Entry, io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends git after an error of read
	var input strings.Builder
	for _, e := range blobs {
		input.WriteString(e.Hash + "\n")
	}
	c := r.command(ctx, "-c", "protocol.allow=never", "cat-file", "--batch")
	c.Stdin = strings.NewReader(input.String())
	var words strings.Builder
	c.Stderr = &words
	pipe, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("git cat-file: %w", err)
	}
	from := bufio.NewReader(pipe)
	for _, e := range blobs {
		if err = readBlob(from, e, read); err != nil {
			break
		}
	}
	if err != nil {
		cancel()
		_ = c.Wait() // the first error counts
		if told := strings.TrimSpace(words.String()); told != "" {
			err = fmt.Errorf("%w: git cat-file: %s", err, told)
		}
		return err
	}
	return c.Wait()
}

// readBlob reads an object in the form that git-cat-file(1) describes under BATCH OUTPUT.
func readBlob(from *bufio.Reader, e Entry, read func(Entry, io.Reader) error) error {
	head, err := from.ReadString('\n')
	if err != nil {
		return fmt.Errorf("read %s: %w", e.Path, err)
	}
	fields := strings.Fields(head)
	if len(fields) != 3 || fields[0] != e.Hash {
		return fmt.Errorf("read %s: the repository does not hold it (%s)", e.Path, strings.TrimSpace(head))
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return fmt.Errorf("read %s: %w", e.Path, err)
	}
	content := io.LimitReader(from, size)
	if err := read(e, content); err != nil {
		return fmt.Errorf("read %s: %w", e.Path, err)
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	_, err = from.Discard(1)
	return err
}
