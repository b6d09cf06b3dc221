package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/config"
)

// Neither a right nor a wrong secret is shown, wherever it comes from.
func TestSecretsAreRedacted(t *testing.T) {
	const secret = "deadbeef"
	for _, s := range both {
		variable := strings.ToUpper(map[string]string{"server": "SERVER", "client": "CLI"}[s.Name]) + "_SECRET"
		for _, value := range []string{secret, strings.Repeat(secret, 8), "3:" + strings.Repeat(secret, 8)} {
			files := map[string]string{
				"config.ini":  "[DEFAULT]\n" + variable + " = " + value + "\n",
				"no equals":   "[DEFAULT]\n" + variable + " " + strings.ReplaceAll(value, ":", "") + "\n",
				"config.yaml": "secret: " + value + "\n",
				"a key below": "secret:\n  file: x\nsecret: " + value + "\n",
				"a list":      "secret: [" + value + "]\n",
				"no end":      "secret: '" + value + "\n",
			}
			environment := config.Environ([]string{"CLI_ID=1", variable + "=" + value, variable + "_FILE=x"})
			findings, err := s.Findings(environment)
			settings := s.Settings(environment)
			shown := []any{findings, err, settings}
			if text := fmt.Sprint(settings); !strings.Contains(text, variable+"=[redacted]") {
				t.Errorf("%s: %s", s.Name, text)
			}
			if value != secret && !strings.Contains(fmt.Sprint(findings), variable+"_FILE is set already") {
				t.Errorf("%s=%s: got %v", variable, value, findings)
			}
			for name, text := range files {
				layer, err := s.Parse(name, []byte(text))
				findings, checkErr := s.Check(layer, err)
				shown = append(shown, err, findings, checkErr, s.Settings(layer))
			}
			for _, v := range shown {
				asJSON, _ := json.Marshal(v)
				if text := fmt.Sprintf("%v %s", v, asJSON); strings.Contains(text, secret) {
					t.Errorf("%s: %s", s.Name, text)
				}
			}
		}
	}
}
