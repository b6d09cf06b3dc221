// Package storetest is what the tests of the lottery's files share: bets, files that fail, and a disk that loses power.
package storetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"strconv"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
)

// Encode stands in for the wire's encoding: any will do, if it tells bets apart. The bet must be good.
func Encode(dst []byte, b *lottery.Bet) []byte {
	record, err := lottery.AppendRecord(dst, b)
	if err != nil {
		panic(err)
	}
	return record
}

// Bet returns an agency's bet of that number.
func Bet(agency uint32, n int) lottery.Bet {
	return lottery.Bet{
		Agency: agency, FirstName: "Ana", LastName: "Paz", Document: strconv.Itoa(n),
		Birthdate: lottery.Date{Year: 2000, Month: 1, Day: 2}, Number: uint32(n),
	}
}

// Batch returns n bets of an agency, from that position on.
func Batch(agency uint32, position, n int) (bets []lottery.Bet) {
	for i := range n {
		bets = append(bets, Bet(agency, position+i))
	}
	return bets
}

// Winning returns winning bets of those documents.
func Winning(agency uint32, documents ...string) (bets []lottery.Bet) {
	for _, d := range documents {
		b := Bet(agency, lottery.WinningNumber)
		b.Document = d
		bets = append(bets, b)
	}
	return bets
}

// Storer is a *store.Store, or a lottery around one.
type Storer interface {
	StoreBets(agency uint32, position uint64, bets []lottery.Bet, encoded []byte) (*store.Ticket, error)
}

// Put stores bets from position on, and returns the ticket.
func Put(s Storer, position int, bets []lottery.Bet) (*store.Ticket, error) {
	var encoded []byte
	for i := range bets {
		encoded = Encode(encoded, &bets[i])
	}
	return s.StoreBets(bets[0].Agency, uint64(position), bets, encoded)
}

// MustPut stores bets and waits for them.
func MustPut(t *testing.T, s Storer, position int, bets []lottery.Bet) {
	t.Helper()
	ticket, err := Put(s, position, bets)
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Err(); err != nil {
		t.Fatal(err)
	}
}

// Records returns the records of the bets in bets.csv.
func Records(bets ...lottery.Bet) (data []byte) {
	for i := range bets {
		data = Encode(data, &bets[i])
	}
	return data
}

// AccountOf returns the account of one agency with those bets, at least one.
func AccountOf(bets ...lottery.Bet) store.Account {
	a := NoBets(bets[0].Agency)
	for i := range bets {
		a = a.With(1, Encode(nil, &bets[i]))
	}
	return a
}

// NoBets returns the account of an agency without bets.
func NoBets(agency uint32) store.Account {
	number := binary.BigEndian.AppendUint32(nil, agency)
	return store.Account{Checksum: crc32.Checksum(number, crc32.MakeTable(crc32.Castagnoli))}
}

// FileIs fails the test unless the file has that content.
func FileIs(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s holds %d bytes %.200q, want %d %.200q", path, len(got), got, len(want), want)
	}
}

// Run fails the test at the first error. The steps have been done by then, one after the other.
func Run(t *testing.T, steps ...error) {
	t.Helper()
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
}
