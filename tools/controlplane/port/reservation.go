package port

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Reservation holds one TCP port of one address.
type Reservation struct {
	address netip.AddrPort
	mu      sync.Mutex
	socket  int // -1 once released
}

// Reserve holds a free TCP port of an IP address of this machine, as
// "127.0.0.1" or "::1".
func Reserve(address string) (*Reservation, error) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return nil, fmt.Errorf("reserving a port of %q: %w", address, err)
	}
	family := unix.AF_INET
	if ip.Is6() {
		family = unix.AF_INET6
	}
	socket, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("reserving a port of %s: opening a socket: %w", ip, err)
	}
	number, err := bind(socket, ip)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reserving a port of %s: %w", ip, err), unix.Close(socket))
	}
	return &Reservation{address: netip.AddrPortFrom(ip, number), socket: socket}, nil
}

func bind(socket int, ip netip.Addr) (uint16, error) {
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, fmt.Errorf("setting SO_REUSEPORT: %w", err)
	}
	var address unix.Sockaddr
	if ip.Is4() {
		address = &unix.SockaddrInet4{Addr: ip.As4()}
	} else {
		address = &unix.SockaddrInet6{Addr: ip.As16()}
	}
	if err := unix.Bind(socket, address); err != nil {
		return 0, fmt.Errorf("binding: %w", err)
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		return 0, fmt.Errorf("asking for the port: %w", err)
	}
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		return uint16(bound.Port), nil
	case *unix.SockaddrInet6:
		return uint16(bound.Port), nil
	}
	return 0, fmt.Errorf("the kernel bound to %T", bound)
}

// Number is the port's number.
func (r *Reservation) Number() int { return int(r.address.Port()) }

// String is the number, as a flag takes it.
func (r *Reservation) String() string { return strconv.Itoa(r.Number()) }

// Address is "address:port", as a URL takes it.
func (r *Reservation) Address() string { return r.address.String() }

// Release lets others have the port. It may be called more than once.
func (r *Reservation) Release() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.socket < 0 {
		return nil
	}
	err := unix.Close(r.socket)
	r.socket = -1
	if err != nil {
		return fmt.Errorf("releasing port %s: %w", r.Address(), err)
	}
	return nil
}
