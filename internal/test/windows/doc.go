// Package windows holds the tests of the program on Windows.
package windows
