package wire

import "strings"

// Version 1 of the protocol had no checksums. Two of its frames are understood, so that peers of different versions learn
// that they are: its HELLO, of 12 bytes (size 2, type 1, magic 4, version 1, agency 4), and its ERROR version. No single
// wrong bit turns a frame of this version into one of them.
const (
	version1Hello     = "\x00\x0c\x01" + Magic + "\x01" // and the agency
	version1HelloSize = 12
	version1Error     = "\x00\x04\x85\x02"
)

// ofVersion1 reports whether the frame is a HELLO or an ERROR version of version 1.
func ofVersion1(frame []byte) bool {
	return len(frame) == version1HelloSize && strings.HasPrefix(string(frame), version1Hello) || string(frame) == version1Error
}

// AppendVersion1Error appends an ERROR version that a peer of version 1 can read.
func AppendVersion1Error(dst []byte) []byte { return append(dst, version1Error...) }
