package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

// demoVariable makes this test program the demo.
const demoVariable = "DEMO_TEST"

// These tests run the demo with the real programs, which it finds as it always
// does: under Bazel its own, else those of ANNEX_KUBE_BIN, which must also have
// the servers, capacity and topology. Without them they fail.
func TestMain(m *testing.M) {
	if os.Getenv(demoVariable) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// child is a demo that runs.
type child struct {
	*exec.Cmd
	dir    string
	lines  *bufio.Scanner // of its output
	stderr *bytes.Buffer
}

func start(t *testing.T, dir string, env []string, args ...string) *child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &child{Cmd: exec.CommandContext(t.Context(), program, append(args, "--dir", dir)...), dir: dir, stderr: &bytes.Buffer{}}
	p.Env = append(append(os.Environ(), demoVariable+"=1"), env...)
	p.Stderr = p.stderr
	output, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(output)
	p.lines.Buffer(nil, 1<<20)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// line is any line of -o json.
type line struct {
	outcome outcome
	result  result
	text    string
}

// next returns the next line of -o json, and nil after the last.
func (p *child) next(t *testing.T) *line {
	t.Helper()
	if !p.lines.Scan() {
		return nil
	}
	l := &line{text: p.lines.Text()}
	if err := errors.Join(json.Unmarshal(p.lines.Bytes(), &l.outcome), json.Unmarshal(p.lines.Bytes(), &l.result)); err != nil {
		t.Fatalf("%v: %s", err, p.lines.Text())
	}
	return l
}

// until reads lines until one satisfies what is asked.
func (p *child) until(t *testing.T, what string, found func(*line) bool) *line {
	t.Helper()
	var seen []string
	for l := p.next(t); l != nil; l = p.next(t) {
		if found(l) {
			return l
		}
		seen = append(seen, l.text)
	}
	t.Fatalf("%s was not reported; it said\n%s\n%s", what, strings.Join(seen, "\n"), p.end(t, -1))
	return nil
}

func isUp(l *line) bool { return l.result.Result == "up" }

// end reads the rest, waits for the end, checks the exit status if it is not
// negative, and returns what was said on stderr.
func (p *child) end(t *testing.T, status int) string {
	t.Helper()
	for p.lines.Scan() {
	}
	_ = p.Wait() // The status says the same.
	if got := p.ProcessState.ExitCode(); status >= 0 && got != status {
		t.Errorf("exit status %d, want %d: %s", got, status, p.stderr)
	}
	return p.stderr.String()
}

// assertNothingRuns fails if a process still has a file of dir on its command line.
func assertNothingRuns(t *testing.T, dir string) {
	t.Helper()
	var last error
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		last = nil
		commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range commands {
			// A process that is gone by now has none.
			if command, err := os.ReadFile(name); err == nil && strings.Contains(string(command), dir) {
				last = errors.Join(last, fmt.Errorf("still runs: %s", strings.ReplaceAll(string(command), "\x00", " ")))
			}
		}
		return last == nil, err
	}); err != nil {
		t.Error(err, last)
	}
}

func assertEmpty(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind in %s: %v, %v", dir, entries, err)
	}
}

func TestWalkThrough(t *testing.T) {
	t.Parallel()
	p := start(t, controlplanetest.Dir(t), nil)
	var output []string
	for p.lines.Scan() {
		output = append(output, p.lines.Text())
	}
	stderr := p.end(t, 0)
	if stderr != "" {
		t.Errorf("it complains: %s", stderr)
	}
	text := strings.Join(output, "\n")
	// In this order.
	rest := text
	for _, want := range []string{
		"✓ etcd 3.", "✓ kube-apiserver v1.", "✓ kube-controller-manager v1.", "$ export KUBECONFIG=" + p.dir,
		"✓ You may add to the API", "$ kubectl auth can-i",
		"✓ The APIService API is there",
		"✓ Namespace annex-system, ServiceAccount capacity", "$ kubectl apply --server-side -f " + p.dir,
		"✓ CA, and a certificate for capacity.annex-system.svc", "$ openssl",
		"✓ Secret that keeps them",
		"✓ ClusterRole and bindings",
		"✓ Server capacity", "--tls-cert-file=" + p.dir,
		"✓ ClusterRoles",
		"✓ Service that leads to the server",
		"✓ APIService with spec.caBundle",
		"✓ APIService is Available", "$ kubectl wait",
		"✓ Server topology", "$ kubectl apply --server-side -f " + p.dir,
		"✓ Nothing is reserved yet", "$ kubectl get reservations", "No resources found in default namespace.",
		"✓ A Site that has 10 slots", "site.topology.example.com/berlin created",
		"✓ Create a Reservation", "reservation.capacity.example.com/nightly-builds created",
		"✓ List", "nightly-builds   berlin",
		"✓ Watch it change", "ADDED", "MODIFIED",
		"✓ A mistake is refused", "spec.slots",
		"✓ More than the Site has is refused", "has 10 slots, and not 11",
		"✓ What happened to it", "created", "written by kubectl-create", "Pending: holds 0 of 6 slots at berlin",
		"✓ Explain", "siteName",
		"✓ Delete it", "deleted",
		"✓ It is gone", "No resources found",
		"✓ Everything is stopped and removed",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is missing, or not where it belongs, in:\n%s", want, text)
		}
		rest = after
	}
	if strings.Contains(text, "\x1b") {
		t.Error("there is colour in what is not a terminal's")
	}
	assertNothingRuns(t, p.dir)
	assertEmpty(t, p.dir)
}

func TestStaysUpUntilSignal(t *testing.T) {
	t.Parallel()
	p := start(t, controlplanetest.Dir(t), nil, "--stay", "-o", "json")
	var steps []string
	up := p.until(t, "that it is up", func(l *line) bool {
		if l.outcome.Step != "" {
			steps = append(steps, l.outcome.Step)
			if !l.outcome.OK || l.outcome.Seconds <= 0 || l.outcome.Title == "" {
				t.Errorf("step %+v", l.outcome)
			}
		}
		return isUp(l)
	})
	if want := []string{
		"etcd", "kube-apiserver", "kube-controller-manager",
		"permission", "aggregator", "identity", "certificates", "secret", "server-access", "server", "user-access", "service", "apiservice", "available", "published", "topology",
		"none", "site", "create", "list", "watch", "refuse", "full", "log", "explain", "delete", "gone",
	}; !slices.Equal(steps, want) {
		t.Errorf("the steps are %q, want %q", steps, want)
	}
	if up.result.AvailableSeconds <= 0 || up.result.Versions["kube-apiserver"] == "" || up.result.Versions["kubectl"] == "" {
		t.Errorf("times or versions are missing: %s", up.text)
	}

	config, err := clientcmd.BuildConfigFromFlags("", up.result.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	reservations := schema.GroupVersionResource{Group: "capacity.example.com", Version: "v1", Resource: "reservations"}
	if _, err := client.Resource(reservations).List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("it says that it is up, and: %v", err)
	}

	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.end(t, 0)
	assertNothingRuns(t, p.dir)
	assertEmpty(t, p.dir)
}

func TestKilledDemoLeavesNothingForTheNext(t *testing.T) {
	t.Parallel()
	dir := controlplanetest.Dir(t)
	killed := start(t, dir, nil, "--stay", "-o", "json")
	killed.until(t, "the server", func(l *line) bool { return l.outcome.Step == "server" })
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed.end(t, -1)
	assertNothingRuns(t, dir)
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("a killed demo left %v, %v; want its directory", left, err)
	}

	// The next one is ended by Ctrl-C half-way.
	next := start(t, dir, nil, "-o", "json")
	next.until(t, "etcd", func(l *line) bool { return l.outcome.Step == "etcd" })
	if _, err := os.Stat(filepath.Join(dir, left[0].Name())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the next one leaves the directory of the killed one: %v", err)
	}
	if err := next.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if stderr := next.end(t, 130); !strings.Contains(stderr, "signal (interrupt)") {
		t.Errorf("it does not say that a signal ended it: %s", stderr)
	}
	assertNothingRuns(t, dir)
	assertEmpty(t, dir)
}

// TestCleansUpWhenNobodyReads: as in `demo | head`.
func TestCleansUpWhenNobodyReads(t *testing.T) {
	t.Parallel()
	dir := controlplanetest.Dir(t)
	p := start(t, dir, nil, "-o", "json")
	p.until(t, "etcd", func(l *line) bool { return l.outcome.Step == "etcd" })
	if err := p.Process.Signal(syscall.SIGPIPE); err != nil {
		t.Fatal(err)
	}
	p.end(t, 128+int(syscall.SIGPIPE))
	assertNothingRuns(t, dir)
	assertEmpty(t, dir)
}

// TestFailureSaysWhichWhyAndWhere has a server that does not start.
func TestFailureSaysWhichWhyAndWhere(t *testing.T) {
	t.Parallel()
	binaries, err := controlplane.FindBinaries()
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	for name, path := range map[string]string{
		"etcd": binaries.Etcd, "kube-apiserver": binaries.KubeAPIServer,
		"kube-controller-manager": binaries.KubeControllerManager, "kubectl": binaries.Kubectl,
	} {
		if err := os.Symlink(path, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(programs, "capacity"), []byte("#!/bin/sh\necho the disk is upside down\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}

	p := start(t, controlplanetest.Dir(t), []string{controlplane.BinariesVariable + "=" + programs}, "-o", "json")
	failed := p.until(t, "a failure", func(l *line) bool { return l.outcome.Step != "" && !l.outcome.OK })
	if failed.outcome.Step != "server" || !strings.Contains(failed.outcome.Error, "the disk is upside down") {
		t.Errorf("it reports %+v, want that the server ended, and its last words", failed.outcome)
	}
	last := p.until(t, "the result", func(l *line) bool { return l.result.Result == "failed" })
	stderr := p.end(t, 1)
	for _, want := range []string{"Server capacity", "exit status 7", "the disk is upside down", last.result.Logs} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it does not say %q: %s", want, stderr)
		}
	}
	if log, err := os.ReadFile(filepath.Join(last.result.Logs, "capacity.log")); err != nil || !strings.Contains(string(log), "upside down") {
		t.Errorf("the log was not kept: %q, %v", log, err)
	}
	assertNothingRuns(t, p.dir)
	if kept, err := filepath.Glob(filepath.Join(p.dir, "*", "[^.]*")); err != nil || !slices.Equal(kept, []string{last.result.Logs}) {
		t.Errorf("left behind: %v, %v; want the logs only", kept, err)
	}
}

func TestSideBySideWithAggregatorRouting(t *testing.T) {
	t.Parallel()
	dir := controlplanetest.Dir(t)
	var group sync.WaitGroup
	for range 2 {
		p := start(t, dir, nil, "--enable-aggregator-routing", "-o", "json")
		group.Go(func() {
			for p.lines.Scan() {
			}
			if err := p.Wait(); err != nil {
				t.Errorf("%v: %s", err, p.stderr)
			}
		})
	}
	group.Wait()
	assertNothingRuns(t, dir)
	assertEmpty(t, dir)
}
