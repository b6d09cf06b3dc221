// Package lotterytest holds the tests of the lottery that run the real server
// and clients as processes, kill them, starve them of disk, and compare what
// they leave with what they were given. It has no code of its own.
package lotterytest
