package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/dataset"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
	"github.com/tp0-lab/composer/internal/text"
	"github.com/tp0-lab/composer/services"
)

// inventedCount is the number of bets of each invented agency file.
const inventedCount = 1000

// inventedWinners are the winners of the agencies in turn. The last agency has 0.
var inventedWinners = []int{3, 1, 4, 1, 5}

// makeDirectories makes the root directory of each service, with the files of its image, and finds its mounts.
func (l *Lab) makeDirectories() error {
	l.mounts = make(map[string][]service.Mount)
	var absent, invented, configs []string
	replaceable := l.replaceable()
	for _, s := range l.services {
		root, err := l.makeImageFiles(s)
		if err != nil {
			return fmt.Errorf("make the directory of %s: %w", s.Name, err)
		}
		for _, f := range s.Files {
			_, err := os.Stat(f.Source)
			switch role := l.roleOf(s, f); {
			case err == nil:
				l.mounts[s.Name] = append(l.mounts[s.Name], f)
			case !errors.Is(err, fs.ErrNotExist):
			case replaceable[role] && role == agencyFile:
				if err = l.inventAgencyFile(root, s, f); err == nil {
					invented = append(invented, filepath.Base(f.Source))
				}
			case replaceable[role]:
				err = nil // makeImageFiles has written one
				if !slices.Contains(configs, f.Source) {
					configs = append(configs, f.Source)
				}
			default:
				absent, err = append(absent, f.Source), nil
			}
			if err != nil {
				_ = root.Close()
				return fmt.Errorf("mount %s into %s: %w", f.Source, s.Name, err)
			}
		}
		_ = root.Close() // only a handle
		// Behind the mounts, which hide the image's own file. It is not copied, so messages name the user's file.
		if file := l.options.Configs[s.Kind]; file != "" {
			if file, err = filepath.Abs(file); err != nil {
				return fmt.Errorf("find %s: %w", l.options.Configs[s.Kind], err)
			}
			l.mounts[s.Name] = append(l.mounts[s.Name], service.Mount{Target: "/" + configName[s.Kind], Source: file})
		}
	}
	if len(absent) > 0 {
		hint := ""
		if commands := Provide(absent); commands != nil {
			hint = "; see " + strings.Join(commands, ", ")
		}
		return fmt.Errorf("mounted files are missing: %s%s", text.FirstNames(absent), hint)
	}
	for _, file := range configs {
		l.replaced = append(l.replaced, file+" is missing: the one that comes with the lab is in its place")
	}
	if len(invented) > 0 {
		l.replaced = append(l.replaced, inventedBets(invented))
	}
	for _, sentence := range l.replaced {
		l.options.Note(sentence)
	}
	return nil
}

const agencyFile = "agency file"

// roleOf returns what a mounted file is to a service of the lab: agencyFile, the name of its configuration file, or "".
func (l *Lab) roleOf(s Service, f service.Mount) string {
	switch {
	case s.Kind == Client && f.Target == l.agencyFile(s):
		return agencyFile
	case path.Base(f.Target) == configName[s.Kind]:
		return configName[s.Kind]
	}
	return ""
}

// replaceable returns the roles that no file has, so that a run may have files of its own for them. Where some files
// are there, the others were forgotten or misnamed: results with files of the run's own would only look right.
func (l *Lab) replaceable() map[string]bool {
	if !l.options.InventMissing {
		return nil
	}
	roles := map[string]bool{agencyFile: true, server.ConfigFile: true, client.ConfigFile: true}
	for _, s := range l.services {
		for _, f := range s.Files {
			if _, err := os.Stat(f.Source); err == nil {
				roles[l.roleOf(s, f)] = false
			}
		}
	}
	return roles
}

// inventedBets returns the sentence for missing agency files.
func inventedBets(names []string) string {
	verb, each := "is", ""
	if len(names) > 1 {
		verb, each = "are", " for each"
	}
	return fmt.Sprintf("%s %s missing: this run uses %d invented bets%s, so its results are not the lab's (%s writes them)",
		text.FirstNames(names), verb, inventedCount, each, strings.Join(Provide(names), ", "))
}

var configName = map[Kind]string{Server: server.ConfigFile, Client: client.ConfigFile}

// makeImageFiles makes and opens the root directory of a service, with its image's configuration file and storage
// directory. Writes through the os.Root cannot follow links out of it. The caller closes it.
func (l *Lab) makeImageFiles(s Service) (_ *os.Root, err error) {
	text := map[Kind][]byte{Server: services.ServerConfig, Client: services.ClientConfig}[s.Kind]
	dir := rootOf(l.dir, s.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	err = root.WriteFile(configName[s.Kind], text, 0o644)
	if file := s.Variable("SERVER_STORAGE"); err == nil && file != "" {
		err = root.MkdirAll(inside(path.Dir(path.Clean("/"+file))), 0o755)
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return root, nil
}

// inside makes an absolute path of a service relative to its root.
func inside(file string) string { return path.Join(".", file) }

// agencyFile is the path at which a client looks for its agency's file; "" if the client reads it from a URL.
func (l *Lab) agencyFile(s Service) string {
	file := strings.ReplaceAll(s.Variable("CLI_AGENCY_FILE"), "{id}", agencyNumber(s))
	switch {
	case strings.Contains(file, "://"):
		return ""
	case file == "":
		file = "agency.csv"
	}
	return path.Clean("/" + file)
}

// agencyNumber is the number of a client: CLI_INDEX, which begins with 0, and 1, else CLI_ID.
func agencyNumber(s Service) string {
	if index, err := strconv.ParseUint(s.Variable("CLI_INDEX"), 10, 31); err == nil {
		return strconv.FormatUint(index+1, 10)
	}
	return s.Variable("CLI_ID")
}

// inventAgencyFile writes random bets for the agency of s in place of its missing file f.
func (l *Lab) inventAgencyFile(root *os.Root, s Service, f service.Mount) error {
	number, err := strconv.ParseUint(agencyNumber(s), 10, 32)
	if err != nil || number == 0 {
		return fmt.Errorf("the file is missing, and CLI_ID %q is no agency number to invent bets for", agencyNumber(s))
	}
	last := uint64(0)
	for _, other := range l.services {
		if n, err := strconv.ParseUint(agencyNumber(other), 10, 32); err == nil {
			last = max(last, n)
		}
	}
	o := dataset.Options{Agency: uint32(number), Bets: inventedCount, Seed: dataset.DefaultSeed, Before: int(number-1) * inventedCount}
	if number < last || last == 1 {
		o.Winners = inventedWinners[int(number-1)%len(inventedWinners)]
	}
	at := inside(f.Target)
	if err := root.MkdirAll(path.Dir(at), 0o755); err != nil {
		return err
	}
	file, err := root.Create(at)
	if err != nil {
		return err
	}
	l.mounts[s.Name] = append(l.mounts[s.Name], service.Mount{Target: f.Target, Source: filepath.Join(root.Name(), filepath.FromSlash(at))})
	return errors.Join(dataset.Generate(file, o), file.Close())
}

// serverPort returns the port that a server will listen on. It returns 0 for a client, and for a server whose
// configuration is wrong: the server reports that when it starts.
func (l *Lab) serverPort(s Service) uint16 {
	if s.Kind != Server {
		return 0
	}
	c, _, err := config.Load[server.Config](server.Configuration(), s.Environ, l.Path(s.Name, server.ConfigFile))
	if err != nil {
		return 0
	}
	return c.Port
}
