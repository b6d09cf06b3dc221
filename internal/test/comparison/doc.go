// Package comparison measures the table of README.md that compares composer with other tools. It has no code but its test.
package comparison
