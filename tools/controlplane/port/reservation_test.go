package port_test

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/annex/tools/controlplane/port"
)

func reserve(t *testing.T, address string) *port.Reservation {
	t.Helper()
	reservation, err := port.Reserve(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reservation.Release(); err != nil {
			t.Error(err)
		}
	})
	return reservation
}

// listenShared listens as kube-apiserver does with --permit-port-sharing.
func listenShared(t *testing.T, address string) net.Listener {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		var err error
		if controlErr := conn.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}); controlErr != nil {
			return controlErr
		}
		return err
	}}
	listener, err := config.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatalf("sharing the reserved port: %v", err)
	}
	return listener
}

func TestReservedPortIsRefusedToOthers(t *testing.T) {
	t.Parallel()
	reservation := reserve(t, "127.0.0.1")
	if listener, err := net.Listen("tcp", reservation.Address()); err == nil {
		listener.Close()
		t.Errorf("%s is reserved, and another listens on it", reservation.Address())
	}
	if err := reservation.Release(); err != nil {
		t.Fatal(err)
	}
	if err := reservation.Release(); err != nil {
		t.Errorf("releasing twice: %v", err)
	}
}

func TestSharerGetsEveryConnection(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1", "::1"} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			if listener, err := net.Listen("tcp", net.JoinHostPort(address, "0")); err != nil {
				t.Skipf("this machine has no %s: %v", address, err)
			} else {
				listener.Close()
			}
			reservation := reserve(t, address)
			// Twice: a program that was killed comes back on its port.
			for range 2 {
				listener := listenShared(t, reservation.Address())
				const connections = 100
				for range connections {
					conn, err := net.Dial("tcp", reservation.Address())
					if err != nil {
						t.Fatalf("the reservation took a connection: %v", err)
					}
					accepted, err := listener.Accept()
					if err != nil {
						t.Fatal(err)
					}
					accepted.Close()
					conn.Close()
				}
				if err := listener.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestReservationsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 200 {
		number := reserve(t, "127.0.0.1").Number()
		if seen[number] {
			t.Fatalf("port %d was reserved twice", number)
		}
		seen[number] = true
	}
}

func TestReserveSaysWhichAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"localhost", "192.0.2.1"} {
		if _, err := port.Reserve(address); err == nil {
			t.Errorf("%s: reserved a port of an address that is not this machine's, or no address", address)
		}
	}
}
