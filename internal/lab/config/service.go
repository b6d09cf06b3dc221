package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/secret"
)

// Service describes the configuration of a service for tools that show or check it. Describe makes one.
type Service struct {
	// Name is "server" or "client".
	Name string
	// File is the name of the service's file in its working directory. It ends in .ini or .yaml, by its form.
	File string
	// Keys are all keys of the configuration, in the order of the fields.
	Keys []Key

	prefix string
	parse  func(layers ...Layer) error
}

// Describe describes the configuration T of a service. The variables of the service begin with prefix.
func Describe[T Checker](name, file, prefix string) Service {
	parse := func(layers ...Layer) error {
		_, err := Parse[T](layers...)
		return err
	}
	return Service{Name: name, File: file, Keys: keysOf(reflect.TypeFor[T]()), prefix: prefix, parse: parse}
}

// DefaultFile returns the path of the service's file: services/NAME/FILE below the working directory if that file
// exists, or else FILE in the working directory. It returns "" if neither file exists.
func (s Service) DefaultFile() string {
	for _, path := range []string{filepath.Join("services", s.Name, s.File), s.File} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// Reads reports whether the ending of a file's name is that of the service's file. It takes .yml for .yaml.
func (s Service) Reads(path string) bool {
	end := strings.ToLower(filepath.Ext(path))
	return end == filepath.Ext(s.File) || end == ".yml" && s.isYAML()
}

func (s Service) isYAML() bool { return filepath.Ext(s.File) == ".yaml" }

// Read reads a file as the service does, but returns an error for a missing file. If the form of the file is wrong, the
// error is Findings, and the layer holds the values that Read could read.
func (s Service) Read(path string) (Layer, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, files.Cause(err))
	}
	return readFile(path, s.Parse)
}

// Parse is Read for the text of a file. name stands for the file in errors and origins.
func (s Service) Parse(name string, text []byte) (Layer, error) {
	if s.isYAML() {
		return parseYAML(name, text, s.prefix)
	}
	return parseINI(name, text)
}

// Load reads the configuration of a service from its environment and from its file at path, which may be missing.
// unknown holds the findings of Unknown about both. The error is Findings for wrong values or a wrong form of the file.
func Load[T Checker](s Service, environ []string, path string) (c T, unknown []Finding, err error) {
	environment := Environ(environ)
	file, err := readFile(path, s.Parse)
	if err == nil {
		c, err = Parse[T](environment, file)
	}
	return c, s.Unknown(environment, file), err
}

// Setting is a key with the value that a service would use.
type Setting struct {
	Variable string `json:"variable"`
	// Path is the key in the file. It is empty for a variable of the environment only.
	Path string `json:"key,omitempty"`
	// Value is nil for a key that is not set and has no default.
	Value *string `json:"value"`
	// Origin is FILE:LINE, "environment", "default" or "not set".
	Origin string `json:"origin"`
	// File, Line and Column are the place of a value of a file, counted from 1, Column in characters.
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String returns VARIABLE=VALUE on one line, or VARIABLE alone without a value.
func (s Setting) String() string {
	if s.Value == nil {
		return s.Variable
	}
	text := *s.Value
	unclear := func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
	if text != strings.TrimSpace(text) || strings.ContainsFunc(text, unclear) {
		text = strconv.Quote(text)
	}
	return s.Variable + "=" + text
}

// Settings returns all keys with the values that the service would use with layers, the first of which has the highest
// rank. Settings returns wrong values unchanged, and secret.Redacted in place of the value of a secret.
func (s Service) Settings(layers ...Layer) []Setting {
	merged := merge(layers)
	settings := make([]Setting, len(s.Keys))
	for i, k := range s.Keys {
		setting := Setting{Variable: k.Variable, Path: k.Path, Value: k.Default, Origin: "default"}
		if v := merged[k.Variable]; v.Text != "" {
			setting.Value, setting.Origin = &v.Text, v.Origin()
			if k.Secret {
				setting.Value = new(secret.Redacted)
			}
			setting.File, setting.Line, setting.Column = v.File, v.Line, v.Column
		} else if k.Default == nil {
			setting.Origin = "not set"
		}
		settings[i] = setting
	}
	return settings
}
