package netns_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/annex/tools/controlplane/netns"
)

// roleVariable makes this test program one that calls Run.
const roleVariable = "NETNS_TEST_ROLE"

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if role == "refused" {
		// In the user namespace that the test has made for this program.
		if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
			fmt.Println(err)
			os.Exit(45)
		}
	}
	status, err := netns.Run(func() int {
		switch role {
		case "listen":
			for _, address := range []string{netns.Address, "127.0.0.1"} {
				listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
				if err != nil {
					fmt.Println(err)
					return 1
				}
				listener.Close()
			}
			request, err := http.NewRequest(http.MethodGet, "https://"+netns.Address, nil)
			if err != nil {
				return 1
			}
			if proxy, err := http.ProxyFromEnvironment(request); proxy != nil || err != nil {
				fmt.Println("a program inside would dial the proxy", proxy, err)
				return 1
			}
			interfaces, err := net.Interfaces()
			if err != nil {
				return 1
			}
			fmt.Println(len(interfaces), os.Geteuid(), strings.Join(os.Args[1:], " "))
			return 42
		case "wait":
			signals := make(chan os.Signal, 1)
			signal.Notify(signals, syscall.SIGTERM)
			fmt.Println(os.Getpid(), strings.Join(netns.EnterCommand(), " "))
			<-signals
			return 43
		}
		return 1
	})
	if err != nil {
		fmt.Println(err)
	}
	if errors.Is(err, netns.ErrRefused) {
		status = 44
	}
	os.Exit(status)
}

// program is this test program in a role; uid -1 is the user who runs the test.
func program(t *testing.T, role string, uid int, args ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if uid >= 0 {
		// Another user may not look into the directory of the test's program.
		path = copyForAll(t, path)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "HTTPS_PROXY=http://proxy.example.com", "NO_PROXY=localhost")
	if uid >= 0 {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	return cmd
}

func copyForAll(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "netns-test-") // t.TempDir is within directories of mode 0700.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	copied := filepath.Join(dir, "program")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(copied, data, 0o755)); err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestRunGivesAnAddress(t *testing.T) {
	t.Parallel()
	const nobody = 65534
	for _, tc := range []struct {
		name string
		uid  int
	}{{"this user", -1}, {"another user", nobody}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.uid >= 0 && os.Geteuid() != 0 {
				t.Skip("only root can become another user; this user's own case has run")
			}
			output, err := program(t, "listen", tc.uid, "an argument").CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 42 {
				t.Fatalf("ended with %v, want status 42: %s", err, output)
			}
			uid := tc.uid
			if uid < 0 {
				uid = os.Geteuid()
			}
			if want := fmt.Sprintf("1 %d an argument\n", uid); string(output) != want {
				t.Errorf("inside there are (interfaces, user, arguments) %q, want %q", output, want)
			}
		})
	}
}

func TestRunWhereNamespacesAreRefused(t *testing.T) {
	t.Parallel()
	cmd := program(t, "refused", -1)
	// Not as root: root needs no user namespace.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1, HostID: os.Getegid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE},
	}
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 45 {
		t.Skipf("sysctls can't be set here, as in some containers: %s", output)
	}
	if !errors.As(err, &exit) || exit.ExitCode() != 44 || !strings.Contains(string(output), "user.max_user_namespaces") {
		t.Errorf("ended with %v, want ErrRefused: %s", err, output)
	}
}

// startWaiting returns the program outside, the process id of the one inside,
// and the command to follow it.
func startWaiting(t *testing.T) (*exec.Cmd, int, []string) {
	t.Helper()
	cmd := program(t, "wait", -1)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(line)
	pid, err := strconv.Atoi(words[0])
	if err != nil {
		t.Fatal(line)
	}
	return cmd, pid, words[1:]
}

func TestRunPassesSignalsOn(t *testing.T) {
	t.Parallel()
	cmd, _, _ := startWaiting(t)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 43 {
		t.Errorf("ended with %v, want status 43", err)
	}
}

func TestEnterCommandLeadsInside(t *testing.T) {
	t.Parallel()
	if command := netns.EnterCommand(); command != nil {
		t.Errorf("the test itself is not inside, and is entered with %q", command)
	}
	cmd, inside, enter := startWaiting(t)
	if len(enter) == 0 {
		t.Fatal("no command leads inside")
	}
	if _, err := exec.LookPath(enter[0]); err != nil {
		t.Skipf("this machine has no %s to try: %v", enter[0], err)
	}
	want, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", inside))
	if err != nil {
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), enter[0], append(enter[1:], "readlink", "/proc/self/ns/net")...).CombinedOutput()
	if err != nil || strings.TrimSpace(string(got)) != want {
		t.Errorf("%q leads to %s (%v), want %s", enter, got, err, want)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // It was killed.
}

func TestKilledProgramLeavesNoneInside(t *testing.T) {
	t.Parallel()
	cmd, inside, _ := startWaiting(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // It was killed.
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(10 * time.Second)
	for {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(inside), "stat"))
		if err != nil || strings.Contains(string(data), ") Z ") {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("the program inside still runs after 10 s")
		}
	}
}
