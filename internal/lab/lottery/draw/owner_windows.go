package draw

import "os"

// giveTo does nothing: a new file has the permissions of its directory.
func giveTo(string, os.FileInfo) {}
