package report

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// kind is the kind of event that a line logs. It decides the shape and colour of a mark.
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

// event is a parsed line.
type event struct {
	kind   kind
	action string
	failed bool              // result: fail, level ERROR or CRITICAL, or an exit code that is not 0
	done   bool              // result: success
	fields map[string]string // after the action
}

var kinds = map[string]kind{
	"batch_enviado": sendKind, "apuesta_enviada": sendKind,
	"apuesta_recibida": storeKind, "apuesta_almacenada": storeKind,
	"receive_message": echoKind, "fin_apuestas": finishKind, "sorteo": drawKind, "consulta_ganadores": answerKind,
	"receive_signal": signalKind,
}

var (
	// head matches the beginning of the lab's lines: an optional time, a level and the action.
	head = text.LazyRegexp(`^(?:[0-9-]{8,10}[ T][0-9:.,]{8,15}Z? +)?(?:\[?([A-Za-z]{3,8})\]?:?\s+)?action: *([^|]*)`)
	exit = text.LazyRegexp(`^(?:\S+ )?exited with code (-?[0-9]{1,10})\b`)
)

// maxParsed is the number of bytes of a line that parse reads.
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

// number returns the value of a field that is a whole number.
func (e event) number(key string) (int, bool) {
	n, err := strconv.Atoi(e.fields[key])
	return n, err == nil && n >= 0 && n < 1e12
}

// pair names the bet, the message or the answer that a line on the other side logs as well. It is empty if the log does
// not say.
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
