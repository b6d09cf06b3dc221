//go:build unix

package lotterytest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The counts of ej6, as the course's tests read them off the server's log.
func TestBatchCounts(t *testing.T) {
	for _, tt := range []struct {
		bets, batch int
		cantidades  map[int]int // how many lines with each
	}{
		{1, 10, map[int]int{1: 1}},
		{95, 10, map[int]int{10: 9, 5: 1}},
		{250, 10, map[int]int{10: 25}},
		{30, 50, map[int]int{30: 1}},
		{0, 10, nil},
	} {
		for _, mode := range []string{"batch", "lottery"} {
			t.Run(fmt.Sprintf("%s of %d by %d", mode, tt.bets, tt.batch), func(t *testing.T) {
				l := newLab(t)
				file := l.generate(1, tt.bets, min(1, tt.bets))
				s := l.listening("SERVER_AGENCIES=1")
				c := l.client(1, mode, fmt.Sprintf("CLI_BATCH_MAXAMOUNT=%d", tt.batch))
				c.exit(0)
				c.has(0, "result: fail")
				s.terminate(signalled, "action: shutdown_server")
				lines := 0
				for cantidad, n := range tt.cantidades {
					s.has(n, fmt.Sprintf("%s%d\n", received, cantidad))
					lines += n
				}
				s.has(lines, "action: apuesta_recibida")
				if mode == "lottery" {
					s.has(1, drawn)
					c.has(1, winnersLine(min(1, tt.bets)))
				} else {
					s.has(0, drawn)
					c.has(0, "consulta_ganadores")
				}
				l.stored(file)
			})
		}
	}
}

// A bad line is told of with file, line and reason, and before anything of its
// batch is sent; the batches before it are stored.
func TestBadLine(t *testing.T) {
	for _, tt := range []struct{ name, line, reason string }{
		{"number", "Ana,Paz,30904465,1999-03-17,12x\r\n", "number"},
		{"date", "Ana,Paz,30904465,1999-02-30,12\r\n", "birthdate"},
		{"fields", "Ana,Paz,30904465,12\r\n", "wrong number of columns"},
		{"name", ",Paz,30904465,1999-03-17,12\r\n", "name"},
	} {
		for _, mode := range []string{"batch", "lottery"} {
			t.Run(tt.name+" in "+mode, func(t *testing.T) {
				l := newLab(t)
				file := l.generate(1, 45, 0)
				good := file[:20]
				l.write("agency-1.csv", strings.Join(file[:24], "")+tt.line+strings.Join(file[25:], ""))
				s := l.listening("SERVER_AGENCIES=1")
				c := l.client(1, mode)
				c.exit(1)
				c.has(1, "result: fail")
				c.has(1, "action: batch_enviado | result: fail | error: agency-1.csv:25: ")
				_, reason, _ := strings.Cut(c.text(), "agency-1.csv:25: ")
				if line, _, _ := strings.Cut(reason, "\n"); !strings.Contains(line, tt.reason) {
					t.Errorf("the reason is %q, want something with %q", line, tt.reason)
				}
				s.terminate(signalled, "action: shutdown_server")
				s.has(2, "action: apuesta_recibida")
				s.has(2, received+"10\n")
				s.has(0, finished)
				l.stored(good)

				// Mended, the rest is sent, and only the rest.
				l.write("agency-1.csv", strings.Join(file, ""))
				s = l.listening("SERVER_AGENCIES=1")
				l.client(1, mode).exit(0)
				s.terminate(signalled, "action: shutdown_server")
				s.has(3, "action: apuesta_recibida")
				l.stored(file)
			})
		}
	}
}

func bet(first, last, document, birthdate, number string) []string {
	return []string{
		"NOMBRE=" + first, "APELLIDO=" + last, "DOCUMENTO=" + document, "NACIMIENTO=" + birthdate, "NUMERO=" + number,
	}
}

func TestSingleBets(t *testing.T) {
	l := newLab(t)
	s := l.listening()
	place := func(number string) {
		t.Helper()
		c := l.client(1, "bet", bet("Santiago Lionel", "Lorca", "030904465", "1999-03-17", number)...)
		c.exit(0)
		c.has(1, "action: apuesta_enviada | result: success | dni: 030904465 | numero: "+number+"\n")
		c.has(0, "result: fail")
	}
	place("7574")
	place("12")
	place("12") // the same person may place the same bet again
	s.terminate(signalled, "action: close_storage", "action: shutdown_server")
	s.has(3, "action: apuesta_almacenada | result: success | dni: 030904465 | numero: ")
	s.has(3, "action: apuesta_recibida | result: success | cantidad: 1\n")
	l.stored([]string{
		"Santiago Lionel,Lorca,030904465,1999-03-17,7574\r\n",
		"Santiago Lionel,Lorca,030904465,1999-03-17,12\r\n",
		"Santiago Lionel,Lorca,030904465,1999-03-17,12\r\n",
	})
}

// A bad bet in the environment never gets as far as a connection.
func TestBadSingleBet(t *testing.T) {
	l := newLab(t)
	s := l.listening()
	for _, tt := range []struct {
		variable string
		bet      []string
	}{
		{"NOMBRE", bet("", "Lorca", "30904465", "1999-03-17", "1")},
		{"APELLIDO", bet("Ana", "Lor\nca", "30904465", "1999-03-17", "1")},
		{"DOCUMENTO", bet("Ana", "Lorca", "", "1999-03-17", "1")},
		{"NACIMIENTO", bet("Ana", "Lorca", "30904465", "17-03-1999", "1")},
		{"NACIMIENTO", bet("Ana", "Lorca", "30904465", "1999-02-29", "1")},
		{"NUMERO", bet("Ana", "Lorca", "30904465", "1999-03-17", "-1")},
		{"NUMERO", bet("Ana", "Lorca", "30904465", "1999-03-17", "1")[:4]},
	} {
		c := l.client(1, "bet", tt.bet...)
		c.exit(1)
		c.has(1, "result: fail")
		c.has(1, "action: config | result: fail | error: "+tt.variable)
	}
	s.terminate(signalled, "action: shutdown_server")
	s.has(0, accepted)
	l.stored()
}

func TestAgencyOutsideTheLottery(t *testing.T) {
	l := newLab(t)
	l.generate(3, 20, 0)
	s := l.listening("SERVER_AGENCIES=2")
	c := l.client(3, "lottery")
	c.exit(1)
	c.has(1, "result: fail | error: ")
	c.has(1, "refused by the central: agency (")
	s.wait(1, "action: close_client_connection | result: success")
	s.has(1, "action: serve_connection | result: fail")
	// The server lives on.
	file := l.generate(1, 20, 0)
	l.client(1, "batch").exit(0)
	s.wait(2, "action: close_client_connection | result: success")
	s.kill()
	l.stored(file)
}

func TestStopClientInTheMiddle(t *testing.T) {
	l := newLab(t)
	file := l.generate(1, 95, 2)
	s := l.listening("SERVER_AGENCIES=1")
	c := l.client(1, "lottery", "CLI_BATCH_PERIOD=1h")
	s.wait(1, received+"10\n")
	c.terminate(signalled, "action: shutdown_client | result: success | client_id: 1")
	c.has(1, "action: close_connection | result: success")
	s.wait(1, "action: close_client_connection | result: success")
	s.has(0, finished)
	l.stored(file[:10])

	c = l.client(1, "lottery")
	c.exit(0)
	c.has(1, winnersLine(2))
	s.terminate(signalled, "action: shutdown_server")
	l.stored(file)
}

// Agency 1 waits for the draw, and agency 2 is in the middle of its file.
func TestStopServerBeforeTheDraw(t *testing.T) {
	l := newLab(t)
	files := [][]string{l.generate(1, 95, 2), l.generate(2, 30, 1)}
	s := l.listening("SERVER_AGENCIES=2", "SERVER_CONCURRENCY=1")
	one := l.client(1, "lottery")
	s.wait(1, finished)
	two := l.client(2, "lottery", "CLI_BATCH_PERIOD=1h")
	s.wait(11, received) // so agency 1 has given its place back, to wait
	s.terminate(signalled, "action: close_client_connection | result: success", "action: close_client_connection | result: success",
		"action: close_storage | result: success", "action: shutdown_server | result: success")
	s.has(1, "action: close_server_socket | result: success")
	s.has(0, drawn)
	two.kill()
	l.stored(files[0], files[1][:10])

	began := time.Now()
	s = l.listening("SERVER_AGENCIES=2", "SERVER_CONCURRENCY=1")
	two = l.client(2, "lottery")
	one.exit(0)
	two.exit(0)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the agencies took %v to come back", took)
	}
	one.has(1, winnersLine(2))
	two.has(1, winnersLine(1))
	s.has(1, drawn)
	s.terminate(signalled, "action: shutdown_server")
	l.stored(files...)
}
