package server

import (
	"net"
	"syscall"
	"testing"
	"unsafe"
)

// The kernel tells a listening socket's backlog in TCP_INFO's tcpi_sacked
// (tcp_get_info in net/ipv4/tcp.c).
func TestBacklogReachesListen(t *testing.T) {
	for _, backlog := range []int{1, 5, 16} {
		l, err := listenBacklog(t.Context(), ":0", backlog)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := l.(*net.TCPListener).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var info [104]byte
		size := uint32(len(info))
		var errno syscall.Errno
		err = raw.Control(func(fd uintptr) {
			_, _, errno = syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
				uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		})
		if err != nil || errno != 0 {
			t.Fatal(err, errno)
		}
		const sacked = 8 + 5*4 // eight bytes of flags, then u32: rto, ato, snd_mss, rcv_mss, unacked, sacked
		got := int(info[sacked]) | int(info[sacked+1])<<8
		if got != backlog {
			t.Errorf("backlog %d, want %d", got, backlog)
		}
		_ = l.Close()
	}
}
