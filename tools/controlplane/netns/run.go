package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"example.com/annex/tools/controlplane/process"
)

// Address is the address that lo has inside, besides 127.0.0.1. It is nobody's
// (TEST-NET-1, RFC 5737), so that it hides none that a program may want.
const Address = "192.0.2.10"

// These are set for the program that runs inside, to the namespaces outside:
// they tell the two apart.
const (
	outsideVariable     = "ANNEX_OUTSIDE_NETWORK_NAMESPACE"
	outsideUserVariable = "ANNEX_OUTSIDE_USER_NAMESPACE"
)

// Run runs main in a network namespace of its own, and returns its exit status.
// To get there it runs this very program again, with the same arguments, input
// and outputs, and passes signals on to it: call Run first thing in main, or in
// TestMain.
//
//	func TestMain(m *testing.M) {
//		status, err := netns.Run(m.Run)
//		if err != nil {
//			fmt.Fprintln(os.Stderr, err)
//		}
//		os.Exit(status)
//	}
//
// Where Address is there already, main is called at once. Root needs
// CAP_SYS_ADMIN, others user namespaces; where neither is allowed the error is
// ErrRefused, and says so. With any error the status is 1.
func Run(main func() int) (int, error) {
	has, err := hasAddress()
	if err != nil {
		return 1, err
	}
	if has {
		return main(), nil
	}
	current, err := os.Readlink(networkNamespace)
	if err != nil {
		return 1, fmt.Errorf("entering a network namespace: %w", err)
	}
	// Never touch the machine's own lo, even if the variable leaks.
	if outside := os.Getenv(outsideVariable); outside != "" && outside != current {
		if err := setUp(); err != nil {
			return 1, fmt.Errorf("setting up a network namespace: %w", err)
		}
		return main(), nil
	}
	return runInside(current)
}

// ErrRefused is Run's error where this user may have no network namespace on this
// machine. Any other error is a defect.
var ErrRefused = errors.New("a network namespace was refused")

const (
	networkNamespace = "/proc/self/ns/net"
	userNamespace    = "/proc/self/ns/user"
)

// EnterCommand is what a command begins with, in a shell outside, that is to run
// where this program runs: nsenter(1) and its flags. It is empty for a program
// that is not inside.
func EnterCommand() []string {
	outside := os.Getenv(outsideVariable)
	current, err := os.Readlink(networkNamespace)
	if err != nil || outside == "" || outside == current {
		return nil
	}
	command := []string{"nsenter", "--target", strconv.Itoa(os.Getpid()), "--net"}
	if user, err := os.Readlink(userNamespace); err == nil && user != os.Getenv(outsideUserVariable) {
		command = append(command, "--user", "--preserve-credentials")
	}
	return command
}

// runInside runs this program again, inside. It tries what this user may do: root
// goes without a user namespace, in which he would lose his power over other
// users' files.
func runInside(outside string) (int, error) {
	outsideUser, err := os.Readlink(userNamespace)
	if err != nil {
		outsideUser = "" // A kernel without user namespaces.
	}
	var errs []error
	for _, user := range []bool{false, true} {
		if !user && os.Geteuid() != 0 {
			continue
		}
		status, err := process.Again(attributes(user), outsideVariable+"="+outside, outsideUserVariable+"="+outsideUser,
			// Inside there is no way to a proxy. Without this kube-apiserver asks the one of HTTPS_PROXY for Address.
			"NO_PROXY=*")
		if err == nil {
			return status, nil
		}
		if !refused(err) {
			return 1, fmt.Errorf("making a network namespace: %w", err)
		}
		errs = append(errs, err)
	}
	return 1, fmt.Errorf("%w: %w\nit takes CAP_SYS_ADMIN, or user namespaces: look at the sysctls "+
		"user.max_user_namespaces, kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns", ErrRefused, errors.Join(errs...))
}

// refused says whether an error of clone(2) means that the user may not have
// namespaces (EPERM; EACCES and ENOSYS come from security modules and seccomp
// filters), or that a sysctl allows no more of them (ENOSPC).
func refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.ENOSYS)
}

func attributes(user bool) syscall.SysProcAttr {
	attributes := syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if user {
		attributes.Cloneflags |= unix.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		// Without it exec drops the capabilities of a user who is not root.
		attributes.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN}
	}
	return attributes
}

// setUp brings lo up, which gives it 127.0.0.1, and adds Address.
func setUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("finding lo: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	address, err := netlink.ParseAddr(Address + "/32")
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(lo, address); err != nil {
		return fmt.Errorf("adding %s to lo: %w", address, err)
	}
	return nil
}

func hasAddress() (bool, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false, fmt.Errorf("listing this machine's addresses: %w", err)
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.String() == Address {
			return true, nil
		}
	}
	return false, nil
}
