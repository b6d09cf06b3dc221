//go:build !linux

package local

// startOnLeash starts the command of p with a leash.
func startOnLeash(p *process) (err error) {
	if p.leash, err = p.command.StdinPipe(); err != nil {
		return err
	}
	p.command.Args = append(p.command.Args, "-leash")
	return p.command.Start()
}
