package report

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// kind is what a line tells, as far as the picture goes; it decides a mark's shape and colour.
type kind string

const (
	plainKind  kind = "plain"  // any other action
	textKind   kind = "text"   // not of the lab's format
	sendKind   kind = "send"   // a client has sent bets
	storeKind  kind = "store"  // the server has stored bets
	echoKind   kind = "echo"   // a message came in, on either side
	finishKind kind = "finish" // the server knows that an agency is through
	drawKind   kind = "draw"
	answerKind kind = "answer" // an agency's winners, on either side
	signalKind kind = "signal"
	exitKind   kind = "exit"
)

// event is a line as the picture needs it.
type event struct {
	kind   kind
	action string
	failed bool              // result: fail, level ERROR or CRITICAL, or an exit code that is not 0
	done   bool              // result: success
	fields map[string]string // what follows the action
}

var kinds = map[string]kind{
	"batch_enviado": sendKind, "apuesta_enviada": sendKind,
	"apuesta_recibida": storeKind, "apuesta_almacenada": storeKind,
	"receive_message": echoKind, "fin_apuestas": finishKind, "sorteo": drawKind, "consulta_ganadores": answerKind,
	"receive_signal": signalKind,
}

var (
	// head is what the lab's lines begin with, the time being optional.
	head = text.LazyRegexp(`^(?:[0-9-]{8,10}[ T][0-9:.,]{8,15}Z? +)?(?:\[?([A-Za-z]{3,8})\]?:?\s+)?action: *([^|]*)`)
	exit = text.LazyRegexp(`^(?:\S+ )?exited with code (-?[0-9]{1,10})\b`)
)

// maxParsed bounds what is looked at of a line, in bytes.
const maxParsed = 4 << 10

func parse(text string) event {
	text = strings.TrimSpace(text[:min(len(text), maxParsed)])
	if m := exit().FindStringSubmatch(text); m != nil {
		return event{kind: exitKind, action: "exit " + m[1], failed: strings.Trim(m[1], "0") != "", done: true}
	}
	m := head().FindStringSubmatchIndex(text)
	if m == nil {
		return event{kind: textKind, action: "other output"}
	}
	e := event{kind: plainKind, action: strings.TrimSpace(text[m[4]:m[5]]), fields: map[string]string{}}
	for field := range strings.SplitSeq(text[m[1]:], "|") {
		if key, value, found := strings.Cut(field, ":"); found {
			e.fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if m[2] >= 0 {
		level := strings.ToUpper(text[m[2]:m[3]])
		e.failed = level == "ERROR" || level == "CRITICAL" || level == "FATAL"
	}
	e.failed = e.failed || e.fields["result"] == "fail"
	e.done = e.fields["result"] == "success"
	e.kind = cmp.Or(kinds[e.action], plainKind)
	return e
}

// number is a field's whole number.
func (e event) number(key string) (int, bool) {
	n, err := strconv.Atoi(e.fields[key])
	return n, err == nil && n >= 0 && n < 1e12
}

// pair names what a line on the other side tells of as well: the same bet, the same message, the same agency's answer.
// It is empty where the log does not say.
func (e event) pair(l lane) string {
	switch {
	case e.failed || !e.done:
		return ""
	case (e.kind == sendKind || e.kind == storeKind) && e.fields["dni"] != "":
		return "bet " + e.fields["dni"] + " " + e.fields["numero"]
	case e.kind == echoKind && e.fields["msg"] != "":
		return "message " + e.fields["msg"]
	case e.kind == answerKind && l.server && e.fields["agencia"] != "":
		return "answer " + e.fields["agencia"]
	case e.kind == answerKind && l.number > 0:
		return "answer " + strconv.Itoa(l.number)
	}
	return ""
}
