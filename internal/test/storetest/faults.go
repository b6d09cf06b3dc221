package storetest

import (
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
)

type faulty struct {
	journal.DiskFile
	faults *Faults
}

// Faults are what goes wrong next with files, other than journals. The tests lock it to change its fields.
type Faults struct {
	sync.Mutex

	Short    int           // the next WriteAt writes so many bytes and fails
	Write    error         // of that
	Sync     error         // of the next Sync
	Truncate error         // of the next Truncate
	Gate     chan struct{} // Sync waits for it
	Entered  chan struct{} // and says so
}

// Wrap is for journal.Options. It leaves journals alone: a Disk has faults in all files.
func (f *Faults) Wrap(inner journal.DiskFile) journal.DiskFile {
	if strings.HasSuffix(inner.Name(), journal.Suffix) {
		return inner
	}
	return &faulty{inner, f}
}

func (f *faulty) WriteAt(b []byte, at int64) (int, error) {
	f.faults.Lock()
	defer f.faults.Unlock()
	if err := f.faults.Write; err != nil {
		f.faults.Write = nil
		n, _ := f.DiskFile.WriteAt(b[:min(f.faults.Short, len(b))], at)
		return n, err
	}
	return f.DiskFile.WriteAt(b, at)
}

func (f *faulty) Truncate(size int64) error {
	f.faults.Lock()
	defer f.faults.Unlock()
	if err := f.faults.Truncate; err != nil {
		f.faults.Truncate = nil
		return err
	}
	return f.DiskFile.Truncate(size)
}

func (f *faulty) Sync() error {
	f.faults.Lock()
	err, gate, entered := f.faults.Sync, f.faults.Gate, f.faults.Entered
	f.faults.Sync = nil
	f.faults.Unlock()
	if gate != nil {
		entered <- struct{}{}
		<-gate
	}
	if err != nil {
		return err
	}
	return f.DiskFile.Sync()
}
