package render

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/cluster"
)

// slots are, by target, the texts that the engine replaces by the number of a replica.
var slots = map[string]string{
	bundle.Swarm.Name:      cluster.StackSlot,
	bundle.Kubernetes.Name: cluster.KubernetesSlot,
}

// Slot returns the text that the target's engine replaces by the number of a replica. Swarm counts from 1, and replaces
// the text in the environment, the hostname, the source of a mount and a config with `template_driver: golang`.
// Kubernetes counts from 0, and replaces it in the command, the arguments and the subPathExpr of a pod of an Indexed
// Job. Slot fails for Compose, which numbers no replicas.
func (d Data) Slot() (string, error) {
	slot, ok := slots[d.target.Name]
	if !ok {
		return "", errors.New("a Compose file has a service for each replica: write .ID in a range over .Clients or .Kinds")
	}
	return slot, nil
}

// hashDigits is the length of the result of fileHash. 48 bits tell the versions of a file apart, and fit into any name.
const hashDigits = 12

// file is the template function: it returns the text of a file, see bundle.ReadData.
func (x *execution) file(name string) (string, error) {
	content, err := x.bundle.ReadData(name, x.input.node)
	if err != nil {
		return "", err
	}
	return string(content), x.spend(len(content))
}

// fileHash is the template function: it returns hexadecimal digits that differ where the contents of files do.
func (x *execution) fileHash(name string) (string, error) {
	content, err := x.file(name)
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])[:hashDigits], err
}

// literal is the template function: it returns a text in which the engine of the target replaces nothing. Kubernetes
// replaces $(NAME) and $$ in env, command and args; Swarm runs Go templates in the environment and in the hostname; what
// Compose and `docker stack deploy` replace is escaped everywhere. Other values stay.
func (x *execution) literal(value any) any {
	s, ok := value.(string)
	switch {
	case ok && x.bundle.Target == bundle.Kubernetes:
		return strings.ReplaceAll(s, "$", "$$")
	case ok && x.bundle.Target == bundle.Swarm:
		return strings.ReplaceAll(s, "{{", `{{"{{"}}`)
	}
	return value
}
