package local

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/dataset"
	"github.com/tp0-lab/composer/internal/lab/server"
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
	var absent, madeUp, configs []string
	for _, s := range l.services {
		root, err := l.furnishImage(s)
		if err != nil {
			return fmt.Errorf("make the directory of %s: %w", s.Name, err)
		}
		for _, f := range s.Files {
			_, err := os.Stat(f.Source)
			switch {
			case err == nil:
				err = link(root, f)
			case !errors.Is(err, fs.ErrNotExist):
			case l.options.MakeUp && s.Kind == Client && f.Target == l.agencyFile(s):
				if err = l.makeUp(root, s, f); err == nil {
					madeUp = append(madeUp, filepath.Base(f.Source))
				}
			case l.options.MakeUp && path.Base(f.Target) == configName[s.Kind]:
				err = nil // that of the image serves
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
	}
	if len(absent) > 0 {
		return fmt.Errorf("what is mounted is missing: %s", sentenceList(absent))
	}
	for _, file := range configs {
		l.options.Note(file + " is missing: the one that comes with the lab is in its place")
	}
	if len(madeUp) > 0 {
		l.options.Note(fmt.Sprintf("made up %s, %d bets each, for this run only; `composer data extract` brings the lab's", sentenceList(madeUp), madeUpBets))
	}
	return nil
}

var configName = map[Kind]string{Server: server.ConfigFile, Client: client.ConfigFile}

// furnishImage makes the directory of a service with what stands in its image,
// and returns it. Nothing is written to it through links that lead out of it. The
// caller closes it.
func (l *Lab) furnishImage(s Service) (_ *os.Root, err error) {
	text := map[Kind][]byte{Server: services.ServerConfig, Client: services.ClientConfig}[s.Kind]
	if file := l.options.Configs[s.Kind]; file != "" {
		if text, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	dir := l.Path(s.Name, "/")
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

// inside is an absolute path of a service, from its root.
func inside(file string) string { return path.Join(".", file) }

// link makes the service see a file of the machine.
func link(root *os.Root, f File) error {
	at := inside(f.Target)
	if err := root.MkdirAll(path.Dir(at), 0o755); err != nil {
		return err
	}
	if err := root.RemoveAll(at); err != nil { // the image's own
		return err
	}
	return root.Symlink(f.Source, at)
}

// agencyFile is the path at which a client looks for its agency's file.
func (l *Lab) agencyFile(s Service) string {
	file := s.Variable("CLI_AGENCY_FILE")
	if file == "" {
		file = "agency.csv"
	}
	return path.Clean("/" + file)
}

func (l *Lab) makeUp(root *os.Root, s Service, f File) error {
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
	at := inside(f.Target)
	if err := root.MkdirAll(path.Dir(at), 0o755); err != nil {
		return err
	}
	file, err := root.Create(at)
	if err != nil {
		return err
	}
	return errors.Join(dataset.Generate(file, o), file.Close())
}

// serverPorts are the ports that the lab's servers will listen on.
func (l *Lab) serverPorts() []uint16 {
	var ports []uint16
	for _, s := range l.services {
		if port := l.serverPort(s); port != 0 {
			ports = append(ports, port)
		}
	}
	return ports
}

// serverPort is the port that a server will listen on, 0 if its configuration is
// not right: it will say so itself.
func (l *Lab) serverPort(s Service) uint16 {
	if s.Kind != Server {
		return 0
	}
	file, err := config.INIFile(l.Path(s.Name, server.ConfigFile))
	if err != nil {
		return 0
	}
	c, err := config.Parse[server.Config](config.Environ(s.Environ), file)
	if err != nil {
		return 0
	}
	return c.Port
}

// listening is where a server can be reached.
func (l *Lab) listening(s Service) string {
	return net.JoinHostPort(l.Address(s.Name), strconv.Itoa(int(l.Port(l.serverPort(s)))))
}
