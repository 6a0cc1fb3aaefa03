package controlplane_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/annex/shared/condition"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

func itoa(i int) string { return strconv.Itoa(i) }

func TestStartSaysWhichProcessFailed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		process string
		options controlplane.Options
		want    string
	}{
		{"etcd", controlplane.Options{EtcdArgs: []string{"--data-dir=/dev/null/data"}}, "/dev/null/data"},
		{"kube-apiserver", controlplane.Options{KubeAPIServerArgs: []string{"--authorization-mode=Magic"}}, "Magic"},
		{"kube-controller-manager", controlplane.Options{KubeControllerManagerArgs: []string{"--controllers=magic"}}, "magic"},
	} {
		t.Run(tc.process, func(t *testing.T) {
			t.Parallel()
			tc.options.Dir = controlplanetest.Dir(t)
			plane, err := controlplane.Start(t.Context(), tc.options)
			if err == nil {
				t.Error("it started")
				if err := plane.Stop(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			logs, globErr := filepath.Glob(filepath.Join(tc.options.Dir, "*", "logs", tc.process+".log"))
			if globErr != nil || len(logs) != 1 {
				t.Fatalf("the log of %s was not kept: %v, %v", tc.process, logs, globErr)
			}
			for _, want := range []string{tc.process + " ended", tc.want, logs[0]} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
			if keys, err := filepath.Glob(filepath.Join(tc.options.Dir, "*", "pki", "*")); err != nil || len(keys) > 0 {
				t.Errorf("keys were kept with the logs: %v, %v", keys, err)
			}
		})
	}
}

// TestStartNoticesAnEarlierProcess: a start that waits for kube-apiserver must end when etcd does, and name etcd.
func TestStartNoticesAnEarlierProcess(t *testing.T) {
	t.Parallel()
	dir := controlplanetest.Dir(t)
	_, err := controlplane.Start(t.Context(), controlplane.Options{
		Dir: dir,
		Progress: func(e controlplane.Event) {
			if e.Process != "kube-apiserver" || e.Ready {
				return
			}
			for pid, command := range processesIn(t, dir) {
				if program, _, _ := strings.Cut(command, " "); filepath.Base(program) == "etcd" {
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Error(err)
					}
				}
			}
		},
	})
	if err == nil || !strings.Contains(err.Error(), "etcd ended") {
		t.Errorf("got %v, want that etcd ended", err)
	}
	assertNoProcessIn(t, dir)
}

func TestStartHonoursContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	because := errors.New("the person has changed his mind")
	dir := controlplanetest.Dir(t)
	_, err := controlplane.Start(ctx, controlplane.Options{
		Dir: dir,
		Progress: func(e controlplane.Event) {
			if e.Process == "kube-apiserver" && !e.Ready {
				cancel(because)
			}
		},
	})
	if !errors.Is(err, because) {
		t.Errorf("got %v, want the context's cause", err)
	}
	assertNoProcessIn(t, dir)
}

func TestStartHonoursTimeout(t *testing.T) {
	t.Parallel()
	const timeout = 500 * time.Millisecond
	_, err := controlplane.Start(t.Context(), controlplane.Options{Dir: controlplanetest.Dir(t), Timeout: timeout})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), timeout.String()) {
		t.Errorf("got %v, want an error that says that %s were not enough", err, timeout)
	}
}

func TestMissingBinariesAreNamed(t *testing.T) {
	empty := t.TempDir()
	t.Setenv(controlplane.BinariesVariable, empty)
	_, err := controlplane.Start(t.Context(), controlplane.Options{Dir: controlplanetest.Dir(t)})
	if err == nil {
		t.Fatal("it started")
	}
	for _, want := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl", empty, controlplane.BinariesVariable} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

// ownerVariable makes this test program the owner of a control plane in the
// directory that it names.
const ownerVariable = "CONTROLPLANE_TEST_DIR"

func own() {
	plane, err := controlplane.Start(context.Background(), controlplane.Options{Dir: os.Getenv(ownerVariable)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(plane.Dir())
	for _, p := range plane.Processes() {
		fmt.Println(p.Pid())
	}
	select {} // until killed
}

func TestKilledOwnerLeavesNothingForTheNext(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := controlplanetest.Dir(t)
	owner := exec.CommandContext(t.Context(), program)
	owner.Env = append(os.Environ(), ownerVariable+"="+dir)
	owner.Stderr = os.Stderr
	output, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	var said []string
	for len(said) < 4 && lines.Scan() {
		said = append(said, lines.Text())
	}
	if len(said) < 4 {
		t.Fatalf("the owner said only %q: %v", said, lines.Err())
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // It was killed.
	for _, pid := range said[1:] {
		condition.Eventually(t.Context(), t, 30*time.Second, "a process of the killed owner to end", func(context.Context) error {
			stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
			if err != nil || strings.Contains(string(stat), ") Z ") {
				return nil
			}
			return fmt.Errorf("process %s still runs", pid)
		})
	}

	controlplanetest.Start(t, controlplane.Options{Dir: dir})
	if _, err := os.Stat(said[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory of the killed owner is still there: %v", err)
	}
}

// assertNoProcessIn fails when a process has a file of dir on its command line,
// as all of a control plane's do.
func assertNoProcessIn(t *testing.T, dir string) {
	t.Helper()
	for _, command := range processesIn(t, dir) {
		t.Errorf("still runs: %s", command)
	}
}

// processesIn are the command lines of the processes that a directory is named
// to, by process id.
func processesIn(t *testing.T, dir string) map[int]string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	for _, name := range files {
		// A process that is gone by now has none.
		if command, err := os.ReadFile(name); err == nil && strings.Contains(string(command), dir) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			if err != nil {
				t.Fatal(err)
			}
			found[pid] = strings.ReplaceAll(string(command), "\x00", " ")
		}
	}
	return found
}
