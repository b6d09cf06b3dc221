package local

import (
	"strings"
	"testing"
)

func TestProvide(t *testing.T) {
	for missing, want := range map[string]string{
		"./.data/agency-1.csv ./.data/agency-5.csv": "`composer data extract`",
		"agency-2.csv":                                           "`composer data extract`",
		"./my/agency-1.csv ./my/agency-6.csv":                    "`composer data generate -n 6 -o my`", // the dataset has five agencies
		"./services/server/config.ini ./server/config.ini":       "`composer config init -o ./services/server/config.ini` `composer config init -o ./server/config.ini`",
		"./.data/secrets/master.secret ./client/config.yaml":     "`composer data secrets` `composer config init -o ./client/config.yaml`",
		"./.data/secrets/master.secret .data/secrets/server.crt": "`composer data secrets --tls`",
		".data/secrets/server.key":                               "`composer data secrets --tls`",
		"./nginx/config.ini ./agency-x.csv ./server/other.ini x": "",
	} {
		if got := strings.Join(Provide(strings.Fields(missing)), " "); got != want {
			t.Errorf("%s: got %s, want %s", missing, got, want)
		}
	}
	if got := Provide([]string{"./mi carpeta/server/config.ini"})[0]; got != "`composer config init -o './mi carpeta/server/config.ini'`" {
		t.Errorf("a name with a space: got %s", got)
	}
}
