package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/tp0-lab/composer/internal/client"
	"github.com/tp0-lab/composer/internal/config"
	"github.com/tp0-lab/composer/internal/dataset"
	"github.com/tp0-lab/composer/internal/server"
	"github.com/tp0-lab/composer/services"
)

// Of agency files that are made up: all agencies' hold so many bets, and in
// turn so many winners, but for the last agency's, which has none.
const madeUpBets = 1000

var madeUpWinners = []int{3, 1, 4, 1, 5}

// furnish makes the directory of each service as its container would find it.
func (l *Lab) furnish() error {
	if err := os.WriteFile(filepath.Join(l.dir, "hosts"), []byte(hosts(l.services, l.network)), 0o644); err != nil {
		return fmt.Errorf("write the lab's hosts: %w", err)
	}
	var absent, madeUp []string
	for _, s := range l.services {
		if err := l.furnishImage(s); err != nil {
			return err
		}
		for _, f := range s.Files {
			_, err := os.Stat(f.Source)
			switch {
			case err == nil:
				err = link(f.Source, l.Path(s.Name, f.Target))
			case !errors.Is(err, fs.ErrNotExist):
			case l.options.MakeUp && s.Kind == Client && f.Target == l.agencyFile(s):
				if err = l.makeUp(s, f); err == nil {
					madeUp = append(madeUp, filepath.Base(f.Source))
				}
			case l.options.MakeUp && path.Base(f.Target) == configName[s.Kind]:
				err = nil // that of the image serves
				l.options.Note(fmt.Sprintf("%s is missing: %s gets the one that comes with the lab", f.Source, s.Name))
			default:
				absent, err = append(absent, f.Source), nil
			}
			if err != nil {
				return fmt.Errorf("mount %s into %s: %w", f.Source, s.Name, err)
			}
		}
	}
	if len(absent) > 0 {
		return fmt.Errorf("what is mounted is missing: %s", sentenceList(absent))
	}
	if len(madeUp) > 0 {
		l.options.Note(fmt.Sprintf("made up %s, %d bets each, for this run only; `composer data extract` brings the lab's", sentenceList(madeUp), madeUpBets))
	}
	return nil
}

var configName = map[Kind]string{Server: server.ConfigFile, Client: client.ConfigFile}

// furnishImage makes what stands in the image of the service.
func (l *Lab) furnishImage(s Service) error {
	text := map[Kind][]byte{Server: services.ServerConfig, Client: services.ClientConfig}[s.Kind]
	if file := l.options.Configs[s.Kind]; file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return fmt.Errorf("read the configuration of the image: %w", err)
		}
	}
	at := l.Path(s.Name, configName[s.Kind])
	for _, dir := range []string{filepath.Dir(at), l.Path(s.Name, path.Dir(s.Variable("SERVER_STORAGE")))} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the directory of %s: %w", s.Name, err)
		}
	}
	if err := os.WriteFile(at, text, 0o644); err != nil {
		return fmt.Errorf("write the configuration of %s: %w", s.Name, err)
	}
	return nil
}

// link makes the service see source at the path at.
func link(source, at string) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(at); err != nil { // the image's own
		return err
	}
	return os.Symlink(source, at)
}

// agencyFile is the path at which a client looks for its agency's file.
func (l *Lab) agencyFile(s Service) string {
	file := s.Variable("CLI_AGENCY_FILE")
	if file == "" {
		file = "agency.csv"
	}
	return path.Clean("/" + file)
}

func (l *Lab) makeUp(s Service, f File) error {
	number, err := strconv.ParseUint(s.Variable("CLI_ID"), 10, 32)
	if err != nil || number == 0 {
		return fmt.Errorf("it is missing, and CLI_ID %q does not say which agency's to make up", s.Variable("CLI_ID"))
	}
	last := uint64(0)
	for _, other := range l.services {
		if n, err := strconv.ParseUint(other.Variable("CLI_ID"), 10, 32); err == nil {
			last = max(last, n)
		}
	}
	o := dataset.Options{Agency: uint32(number), Bets: madeUpBets, Seed: dataset.DefaultSeed, Before: int(number-1) * madeUpBets}
	if number < last || last == 1 {
		o.Winners = madeUpWinners[int(number-1)%len(madeUpWinners)]
	}
	file, err := os.Create(l.Path(s.Name, f.Target))
	if err != nil {
		return err
	}
	return errors.Join(dataset.Generate(file, o), file.Close())
}

// serverPorts are the ports that the lab's servers will listen on, as far as
// their configuration is right; where it is not, they will say so themselves.
func (l *Lab) serverPorts() []uint16 {
	var ports []uint16
	for _, s := range l.services {
		if s.Kind != Server {
			continue
		}
		file, err := config.INIFile(l.Path(s.Name, server.ConfigFile))
		if err != nil {
			continue
		}
		if c, err := config.Parse[server.Config](config.Environ(s.Environ), file); err == nil && c.Port != 0 {
			ports = append(ports, c.Port)
		}
	}
	return ports
}
