// Package release holds the tests of the program as people get it: one file, built from a commit, in any directory.
package release
