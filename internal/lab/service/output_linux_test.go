package service_test

import (
	"os"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/service"
)

// Once it has given up, an Output waits for no line any more: a server with hundreds of connections logs many when it ends.
func TestOutputGivesUpForGood(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	o := service.NewOutput(w)
	o.GiveUp()
	began, lost := time.Now(), 0
	for range 200 {
		if _, err := o.Write(make([]byte, 4<<10)); err != nil {
			lost++
		}
	}
	if lost < 100 {
		t.Errorf("%d of 200 writes fail, and the pipe holds 16", lost)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("200 writes take %v", took)
	}
}
