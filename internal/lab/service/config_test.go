package service_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// Each mistake in a file's form has a line of the log.
func TestConfigFailedLogsEachMistake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.ini")
	if err := os.WriteFile(path, []byte("[DEFAULT]\nx\nA=1\nA=2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := config.Load[server.Config](server.Configuration(), nil, path)
	var log bytes.Buffer
	if service.ConfigFailed(&log, err) == nil {
		t.Error("it did not fail")
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], path+":2:1: want") || !strings.Contains(lines[1], path+":4:1: A is there already") {
		t.Errorf("got\n%s", &log)
	}
}
