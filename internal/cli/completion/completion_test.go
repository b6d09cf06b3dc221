package completion

import (
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/cli/help"
)

func program() *help.Command {
	grind := &help.Command{
		Name: "mill grind", Usage: "grind", Arguments: "FILE…",
		Flags: []help.Flag{
			{Names: []string{"output", "o"}, Value: "FILE"},
			{Names: []string{"stone"}, Value: "NAME", Usage: "which stone"},
			{Names: []string{"part"}, Value: "NAME=DIR"},
			{Names: []string{"fine"}},
		},
	}
	stop := &help.Command{Name: "mill wheel stop", Arguments: "DIR"}
	return &help.Command{Name: "mill", Commands: []*help.Command{
		grind,
		{Name: "mill wheel", Commands: []*help.Command{stop, {Name: "mill wheel start"}}},
		{Name: "mill help", Arguments: "[COMMAND [SUBCOMMAND]]"},
	}}
}

func TestComplete(t *testing.T) {
	source := func(r Request) []Value {
		switch r.Flag {
		case "stone":
			return []Value{{"granite", "hard"}, {"gritstone", strings.Join(r.Given["output"], ",")}, {"basalt", ""}}
		case "part":
			return []Value{{"hopper=", ""}}
		}
		return nil
	}
	for _, tt := range []struct{ words, want string }{ // words with one space between them
		{"", "grind wheel help"},
		{"w", "wheel"},
		{"wheel ", "stop start"},
		{"wheel sta", "start"},
		{"wheel turn ", ""},
		{"turn ", ""},
		{"help ", "grind wheel help"},
		{"help wheel ", "stop start"},
		{"help wheel s", "stop start"},
		{"help turn ", ""},
		{"grind ", ":files"},
		{"grind a b", ":files"},
		{"grind -", "--output -o --stone --part --fine"},
		{"grind --s", "--stone"},
		{"grind --fine --s", "--stone"},
		{"grind --output ", ":files"},
		{"grind -o ", ":files"},
		{"grind -o=", ":files"},
		{"grind --stone ", "granite gritstone basalt"},
		{"grind --stone g", "granite gritstone"},
		{"grind --stone=gri", "--stone=gritstone"},
		{"grind -stone ", "granite gritstone basalt"},
		{"grind --fine=", ""},
		{"grind --turn=", ""},
		{"grind --turn ", ":files"},
		{"grind --part ", "hopper="},
		{"grind --part hopper=", ":directories"},
		{"grind --part=hopper=x", ":directories"},
		{"grind --output --stone -", "--output -o --stone --part --fine"},
		{"grind -- -", ":files"},
		{"wheel stop ", ":directories"},
		{"wheel stop x ", ""},
		{"wheel start ", ""},
	} {
		answer := Complete(program(), strings.Split(tt.words, " "), source)
		var got []string
		for _, v := range answer.Values {
			got = append(got, v.Text)
		}
		if answer.Files {
			got = append(got, ":files")
		}
		if answer.Directories {
			got = append(got, ":directories")
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: got %q, want %q", tt.words, got, tt.want)
		}
	}
	answer := Complete(program(), []string{"grind", "-o", "a", "--output=b", "--stone", "gri"}, source)
	if len(answer.Values) != 1 || answer.Values[0].Meaning != "a,b" {
		t.Errorf("of the flags before it, it knows %v", answer.Values)
	}
	if all := Complete(program(), nil, source); len(all.Values) != 3 {
		t.Errorf("of nothing at all, it makes %v", all)
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct{ shell, words, want string }{
		{"bash", "a --b = c", "a|--b=c"},
		{"bash", "a --b =", "a|--b="},
		{"bash", "--report html = C : d", "--report|html=C:d"},
		{"bash", "a b", "a|b"},
		{"bash", "=", "="},
		{"fish", "a = b", "a|=|b"},
	} {
		if got := strings.Join(Words(tt.shell, strings.Fields(tt.words)), "|"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.words, got, tt.want)
		}
	}
}

func TestWrite(t *testing.T) {
	values := []Value{{"--set=a=", "x\ty\x1b[0m\u009b"}, {"--set=b=", ""}}
	for shell, want := range map[string]string{
		"bash": "a=\tx y\ufffd[0m\ufffd\nb=\t\n:nospace\n",
		"zsh":  "--set=a=\tx y\ufffd[0m\ufffd\n--set=b=\t\n:nospace\n",
	} {
		var got strings.Builder
		if err := (Answer{Values: values}).Write(&got, shell, "--set="); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("%s: got %q", shell, got.String())
		}
	}
	var got strings.Builder
	if err := (Answer{Files: true, Directories: true}).Write(&got, "zsh", ""); err != nil || got.String() != ":files\n:directories\n" {
		t.Errorf("got %q, error %v", got.String(), err)
	}
}

func TestScripts(t *testing.T) {
	for _, shell := range Shells() {
		if !strings.Contains(Script(shell.Text), Command+" "+shell.Text) {
			t.Errorf("%s does not ask", shell.Text)
		}
	}
	if Script("csh") != "" {
		t.Error("there is a script for csh")
	}
}
