package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
)

func wantFindings(t *testing.T, s config.Service, text string, want []string) {
	t.Helper()
	path := write(t, s.File, text)
	for range 5 { // maps are in it somewhere
		findings, err := s.Check(s.Read(path))
		if err != nil {
			t.Fatal(err)
		}
		got := texts(findings)
		for i, text := range got {
			got[i] = strings.TrimPrefix(text, path+":")
		}
		wantSentences(t, got, want)
	}
}

func TestCheckFindsAllAtOnce(t *testing.T) {
	wantFindings(t, client.Configuration(), `
server:
  addr: x
  address: nowhere
Log: {level: warn}
loop:
  amount:
    many
  period: 5
batch: 10
linger:
mode: lotery
timeout: 5 seconds
retry: {limit: [1]}
loop.amount: 7
[x]: y
id: 0
`, []string{
		"3:3: unknown key server.addr, did you mean server.address?",
		`4:12: server.address="nowhere": want host:port, such as server:12345`,
		`5:14: Log.level="warn": unknown level "warn": have DEBUG, INFO, WARNING, ERROR, CRITICAL, did you mean WARNING?`,
		`8:5: loop.amount="many": want a whole number`,
		`9:11: loop.period="5": want a duration, such as 150ms or 5s`,
		`10:8: batch="10": batch has no value of its own: want maxAmount, period below it`,
		"11:1: linger has no value: it counts as not set",
		`12:7: mode="lotery": want echo, bet, batch or lottery, did you mean lottery?`,
		`13:10: timeout="5 seconds": want a duration, such as 150ms or 5s`,
		"14:16: retry.limit: want a single value or keys with values, not a list or an alias",
		"15:1: loop.amount is there already, in line 7",
		"16:1: want a name as a key",
		`17:5: id="0": want the client's number, from 1`,
	})
	wantFindings(t, server.Configuration(), `[DEFAULT]
SERVER_PORT = 12345 # port
nonsense
LOGING_LEVEL = INFO
SERVER_STORAGE_SYNC=yes
  SERVER_MODE : "lottery"
ñ = 1
[X]
SERVER_PORT=1
[DEFAULT]
SERVER_AGENCIES=
server_keepalive=0s`, []string{
		`2:15: SERVER_PORT="12345 # port": want a whole number, at most 65535`,
		"3:1: want `KEY = value`, a [SECTION] or a # comment, not \"nonsense\"",
		"4:1: unknown key LOGING_LEVEL, did you mean LOGGING_LEVEL?",
		`5:21: SERVER_STORAGE_SYNC="yes": want true or false`,
		`6:17: SERVER_MODE="\"lottery\"": want echo or lottery, did you mean lottery?`,
		"7:1: unknown key ñ",
		"9:1: SERVER_PORT is in section [X], and only [DEFAULT] is read",
		"11:1: SERVER_AGENCIES has no value: it counts as not set",
		`12:18: server_keepalive="0s": want a duration above zero`,
	})
}

// What is not set may be in the environment; what the parser refuses has a line.
func TestCheckOfAFileByItself(t *testing.T) {
	wantFindings(t, client.Configuration(), "", nil)
	wantFindings(t, client.Configuration(), "mode: bet", nil)
	wantFindings(t, client.Configuration(), "id: \"\"", []string{"1:1: id has no value: it counts as not set"})
	wantFindings(t, client.Configuration(), "loop:\n\tamount: 5", []string{"2:1: a tab indents this line; YAML wants spaces"})
	wantFindings(t, client.Configuration(), "{é: 1, mode: x}", []string{"1:2: unknown key é, did you mean id?", `1:14: mode="x": want echo, bet, batch or lottery`})
	wantFindings(t, server.Configuration(), "[DEFAULT]\n\u00a0SERVER_MODE = x", []string{`2:16: SERVER_MODE="x": want echo or lottery`})
	wantFindings(t, client.Configuration(), "mode: x\n---\nid: 1", []string{`1:7: mode="x": want echo, bet, batch or lottery`, "2:1: a second document, and only one is read"})
	wantFindings(t, server.Configuration(), "SERVER_PORT=1\n", []string{"1:1: a key before the line [DEFAULT]"})
	// A file that is something else altogether.
	findings, err := server.Configuration().Check(server.Configuration().Read(write(t, "config.ini", strings.Repeat("x\n", 1000))))
	if err != nil || len(findings) != 20 {
		t.Errorf("got %d findings, %v", len(findings), err)
	}
	for path, want := range map[string]string{filepath.Join(t.TempDir(), "none"): "none: no such file or directory", t.TempDir(): " is a directory: "} {
		findings, err := client.Configuration().Check(client.Configuration().Read(path))
		if err != nil || len(findings) != 1 || !strings.Contains(findings[0].Error(), want) {
			t.Errorf("got %v, %v", findings, err)
		}
	}
}

func TestFindingsOfTheEnvironment(t *testing.T) {
	findings, err := client.Configuration().Findings(config.Environ([]string{"CLI_MODE=BET", "CLI_LOOP_AMUONT=1"}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprint(f, f.NotSet))
	}
	wantSentences(t, got, []string{
		"CLI_ID is not set: want the client's number, from 1 true",
		`CLI_MODE="BET" from environment: want echo, bet, batch or lottery, did you mean bet? false`,
		"unknown key CLI_LOOP_AMUONT in the environment, did you mean CLI_LOOP_AMOUNT? false",
	})
}

// Each is KEY=WRONG=SUGGESTION.
func TestSuggestedValues(t *testing.T) {
	s := server.Configuration()
	for _, tt := range []string{
		"SERVER_PORT=http=", "SERVER_KEEPALIVE=5=", "SERVER_STORAGE_SYNC=yes=",
		"SERVER_MODE=Echo=echo", "SERVER_MODE=LOTTERY=lottery", "SERVER_MODE=lotery=lottery", "SERVER_MODE=lot=lottery", "SERVER_MODE=dance=",
		"LOGGING_LEVEL=warn=WARNING", "LOGGING_LEVEL=eror=ERROR", "LOGGING_LEVEL=fatal=",
	} {
		parts := strings.Split(tt, "=")
		findings, err := s.Findings(config.Environ([]string{parts[0] + "=" + parts[1]}))
		if err != nil || len(findings) != 1 || findings[0].Suggestion != parts[2] {
			t.Errorf("%s: got %v, %v", tt, findings, err)
		}
	}
}

// Whatever a file holds, what is found has its place, and a suggested value is right.
func TestAnyFileIsChecked(t *testing.T) {
	words := []string{"mode", "loop", "amount", "log.level", "SERVER_PORT", "[DEFAULT]\n", ": ", " = ", "\n", "\n  ", "echo", "5", "5 s", "\"", "[", "}", "# ", "é", "\xff", "\ufeff", "&x ", "*x", "- ", "---\n"}
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(rt, "text"), "")
		for _, s := range both {
			path := filepath.Join(dir, s.File)
			if err := writeFile(path, text); err != nil {
				rt.Fatal(err)
			}
			findings, err := s.Check(s.Read(path))
			if err != nil {
				rt.Fatal(err)
			}
			for i, f := range findings {
				if f.File != path || f.Line < 1 || f.Reason == "" || i > 0 && findings[i-1].Line > f.Line {
					rt.Errorf("%q: %+v", text, f)
				}
			}
			_, readErr := s.Read(path)
			if readErr != nil && len(findings) == 0 {
				rt.Errorf("%q: %v, and nothing is found", text, readErr)
			}
		}
	})
}
