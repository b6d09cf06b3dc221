package central

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// The numbers of the pages are those of the code.
func TestPagesHaveTheNumbers(t *testing.T) {
	const mib, kib = 1 << 20, 1 << 10
	result := len(wire.AppendResult(nil, wire.Result{}))
	for page, texts := range map[string][]string{
		"protocol.md": {
			fmt.Sprintf("with at most %d in flight", wire.MaxInFlight),
			fmt.Sprintf("would not fit into %d bytes", wire.MaxFrame),
			fmt.Sprintf("without a draw, more than %d,%03d agencies", store.MaxAgencies/1000, store.MaxAgencies%1000),
		},
		"protocol-implementers.md": {
			fmt.Sprintf("memory, %d MiB of all agencies together", store.MaxKept/mib),
			fmt.Sprintf("%d KiB at a time", store.MaxPortion/kib),
		},
		"ejercicios.md": {
			fmt.Sprintf("hasta %d lotes enviados sin respuesta", wire.MaxInFlight),
			fmt.Sprintf("`answers`, de %d lugares", wire.MaxInFlight),
			fmt.Sprintf("no entra en %d bytes", wire.MaxFrame),
			fmt.Sprintf("a %d lotes en vuelo corresponden %[1]d respuestas de %d bytes, %d KiB", wire.MaxInFlight, result, wire.MaxInFlight*result/kib),
			fmt.Sprintf("salvo que ya haya %d MiB pendientes", store.MaxPending/mib),
			fmt.Sprintf("lugar en el grupo pendiente (%d MiB)", store.MaxPending/mib),
			fmt.Sprintf("a lo sumo %d MiB en total", store.MaxKept/mib),
			fmt.Sprintf("Si los ganadores pasan de %d MiB", store.MaxKept/mib),
			fmt.Sprintf("de a %d KiB de documentos", store.MaxPortion/kib),
			fmt.Sprintf("con %d ms en total", grace.Milliseconds()),
			fmt.Sprintf("hasta %d ms más", linger.Milliseconds()),
		},
	} {
		content, err := os.ReadFile("../../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(strings.Fields(string(content)), " ")
		for _, text := range texts {
			if !strings.Contains(all, text) {
				t.Errorf("docs/%s does not say: %s", page, text)
			}
		}
	}
}
