// Package pictures draws those of the pictures in docs/pictures that need no browser, and sees that they are current. It has no
// code but its test.
package pictures
