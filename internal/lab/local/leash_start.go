//go:build !linux

package local

// onLeash is true: this kernel does not end a service with this program.
const onLeash = true

// startOnLeash starts the command of p with a leash.
func startOnLeash(p *process) (err error) {
	if p.leash, err = p.command.StdinPipe(); err != nil {
		return err
	}
	return p.command.Start()
}
