package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/tp0-lab/composer/internal/files"
)

// Service is the configuration of a service as something to look at.
type Service struct {
	// Name is "server" or "client".
	Name string
	// File is what the service reads, from its working directory. Its name's end
	// says which form it has: .ini or .yaml.
	File string
	// Keys are all there are, in the order of the fields.
	Keys []Key

	prefix  string
	parse   func(layers ...Layer) error
	notices func(layers []Layer) []notice
}

// Describe describes the configuration T of a service; prefix is what its
// variables begin with.
func Describe[T Checker](name, file, prefix string) Service {
	return Service{
		Name: name, File: file, Keys: keysOf(reflect.TypeFor[T]()), prefix: prefix,
		parse: func(layers ...Layer) error {
			_, err := Parse[T](layers...)
			return err
		},
		notices: func(layers []Layer) []notice { return notices[T](prefix, layers) },
	}
}

// DefaultFile returns where the service's file is: with the service's sources, or
// in the working directory. It returns "" if it is nowhere.
func (s Service) DefaultFile() string {
	for _, path := range []string{filepath.Join("services", s.Name, s.File), s.File} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// Reads reports whether a file of that name has the form that the service reads.
func (s Service) Reads(path string) bool {
	end := strings.ToLower(filepath.Ext(path))
	return end == filepath.Ext(s.File) || end == ".yml" && s.yaml()
}

func (s Service) yaml() bool { return filepath.Ext(s.File) == ".yaml" }

// Read reads a file as the service does, but that one that is missing is an
// error. The error is FileErrors if it is about the form of the file, and the
// layer has the rest.
func (s Service) Read(path string) (Layer, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, files.Cause(err))
	}
	if s.yaml() {
		return YAMLFile(path, s.prefix)
	}
	return INIFile(path)
}

// Parse reads the text of a file, as Read does. name stands for the file in errors and origins.
func (s Service) Parse(name string, text []byte) (Layer, error) {
	if s.yaml() {
		return parseYAML(name, text, s.prefix)
	}
	return parseINI(name, text)
}

// Setting is a key with the value that counts.
type Setting struct {
	Key
	// Value is nil if the key is not set: then it has the default, if there is one.
	Value *Value
}

// Text returns the value, the default, or "", which is none.
func (s Setting) Text() string {
	switch {
	case s.Value != nil:
		return s.Value.Text
	case s.Default != nil:
		return *s.Default
	default:
		return ""
	}
}

// String returns VARIABLE=VALUE on one line, or VARIABLE alone if there is no value.
func (s Setting) String() string {
	if s.Value == nil && s.Default == nil {
		return s.Variable
	}
	text := s.Text()
	if text != strings.TrimSpace(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		text = strconv.Quote(text)
	}
	return s.Variable + "=" + text
}

// Origin says where the value comes from: FILE:LINE, environment, default or
// not set.
func (s Setting) Origin() string {
	switch {
	case s.Value != nil:
		return s.Value.Origin()
	case s.Default != nil:
		return "default"
	default:
		return "not set"
	}
}

// MarshalJSON has the key, the text (null if there is none), the origin, and the
// place in the file.
func (s Setting) MarshalJSON() ([]byte, error) {
	var text *string
	if s.Value != nil || s.Default != nil {
		text = new(s.Text())
	}
	var v Value
	if s.Value != nil {
		v = *s.Value
	}
	return json.Marshal(struct {
		Variable string  `json:"variable"`
		Path     string  `json:"key,omitempty"`
		Value    *string `json:"value"`
		Origin   string  `json:"origin"`
		File     string  `json:"file,omitempty"`
		Line     int     `json:"line,omitempty"`
		Column   int     `json:"column,omitempty"`
	}{s.Variable, s.Path, text, s.Origin(), v.File, v.Line, v.Column})
}

// Settings returns all keys with the values that the service would use if it had
// these layers, the first of which has the highest rank. A wrong value is there
// as it is.
func (s Service) Settings(layers ...Layer) []Setting {
	merged := merge(layers)
	settings := make([]Setting, len(s.Keys))
	for i, key := range s.Keys {
		settings[i].Key = key
		if v, ok := merged[key.Variable]; ok && v.Text != "" {
			settings[i].Value = &v
		}
	}
	return settings
}
