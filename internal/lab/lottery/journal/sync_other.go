//go:build !linux

package journal

// Sync is os.File.Sync. On macOS that is F_FULLFSYNC, which empties the cache of the disk, too.
func (f diskFile) Sync() error { return f.File.Sync() }
