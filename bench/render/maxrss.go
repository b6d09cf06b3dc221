package main

import "runtime"

// maxrssUnit is what getrusage(2) counts ru_maxrss in, in bytes.
var maxrssUnit = func() int64 {
	if runtime.GOOS == "darwin" {
		return 1
	}
	return 1024
}()
