package server

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/central"
	"github.com/tp0-lab/composer/internal/lab/logline"
)

// What the server says of a file of bets names the place and what to do.
func TestStorageErrors(t *testing.T) {
	log := logline.New(io.Discard, slog.LevelError)
	for name, tt := range map[string]struct{ text, draw, want string }{
		"another file":         {"# notes\n", "", "bets.csv:1: "},
		"a line too many":      {"1,a,b,1,2000-01-01,1\r\n1,a\r\n", "", "bets.csv:2: "},
		"a draw of other bets": {"1,a,b,1,2000-01-01,1\r\n", "finished,1,7,0,67ba18e5\n", "finished with 7 bets, and "},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bets.csv")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.draw != "" {
				if err := os.WriteFile(path+".draw", []byte(tt.draw), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			bets, err := central.OpenLottery(t.Context(), path, 2, 0, true, log)
			if err == nil {
				_ = bets.Close()
				t.Fatal("it is opened")
			}
			said := storageError(err, Config{Storage: "bets.csv"}).Error()
			if !strings.Contains(said, tt.want) || !strings.Contains(said, "nothing was changed: ") || !strings.Contains(said, "SERVER_STORAGE") {
				t.Error(said)
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != tt.text {
				t.Errorf("the file has %q now, error %v", text, err)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "bets.csv")
	bets, err := central.OpenLottery(t.Context(), path, 2, 0, true, log)
	if err != nil {
		t.Fatal(err)
	}
	defer bets.Close()
	if _, err := central.OpenLottery(t.Context(), path, 2, 0, true, log); err == nil || !strings.Contains(storageError(err, Config{}).Error(), "stop that one") {
		t.Errorf("got %v", err)
	}
}

// A file with bets of agencies beyond the lottery's gets a warning, and is opened.
func TestOtherAgencies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, []byte("1,a,b,1,2000-01-01,1\r\n9,a,b,1,2000-01-01,1\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for agencies, want := range map[uint32]string{
		1: "WARNING  action: check_agencies | result: success | file: " + path + " | bets: 1 | agencies: 1 | warning: the draw is of agencies 1 to 1, and the file has bets of agency 9: raise ",
		9: "", 0: "",
	} {
		var log strings.Builder
		bets, err := central.OpenLottery(t.Context(), path, agencies, 0, true, logline.New(&log, slog.LevelInfo))
		if err != nil {
			t.Fatal(err)
		}
		if err := bets.Close(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "check_agencies") != (want != "") || !strings.Contains(log.String(), want) {
			t.Errorf("%d agencies: %s", agencies, log.String())
		}
	}
}
