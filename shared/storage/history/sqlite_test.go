package history_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/klog/v2"

	"example.com/annex/shared/storage/history"
	"example.com/annex/shared/storage/sql"
)

// sqlite makes systems of two stores in a process of their own, which is killed, and started again: SQLite's file is of one
// process.
type sqlite struct{}

func (sqlite) name() string { return "SQLite" }

func (sqlite) open(t *testing.T, cached bool) history.System {
	t.Helper()
	c := newChild(t, cached)
	system := history.System{Cached: cached, Faults: []history.Fault{{Name: "kill -9 of the process", Do: c.crash}}}
	for i := range 2 {
		system.Replicas = append(system.Replicas, history.Remote(c.Socket, fmt.Sprintf("/%d/replica", i)))
		system.Witnesses = append(system.Witnesses, history.Remote(c.Socket, fmt.Sprintf("/%d/bare", i)))
	}
	return system
}

// childVariable is the environment variable that makes this test's program a child: what it has to serve, as JSON.
const childVariable = "ANNEX_HISTORY_CHILD"

// child is a process that holds a SQLite database.
type child struct {
	// File is the database, Socket where the stores are served. Cached puts watch caches over them.
	File, Socket string
	Cached       bool

	process *exec.Cmd
	stdin   io.Closer
}

func newChild(t *testing.T, cached bool) *child {
	t.Helper()
	directory := temporary(t)
	c := &child{File: filepath.Join(directory, "objects.db"), Socket: filepath.Join(directory, "socket"), Cached: cached}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

func (c *child) crash(context.Context) error {
	c.kill()
	return c.start()
}

// kill ends the process as a crash does.
func (c *child) kill() {
	if c.process == nil {
		return
	}
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
	c.process = nil
}

// start starts the process, and waits until it serves.
func (c *child) start() error {
	what, err := json.Marshal(c)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	process := exec.Command(program)
	process.Env = append(os.Environ(), childVariable+"="+string(what))
	process.Stderr = os.Stderr
	// The child ends when this end of the pipe is closed, however that comes.
	if c.stdin, err = process.StdinPipe(); err != nil {
		return err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return fmt.Errorf("starting a process for SQLite: %w", err)
	}
	c.process = process
	if line, err := bufio.NewReader(stdout).ReadString('\n'); strings.TrimSpace(line) != ready {
		c.kill()
		return fmt.Errorf("starting a process for SQLite: it says %q (%w)", line, err)
	}
	return nil
}

// ready is what a child says when it serves.
const ready = "ready"

// serve is what a child does, until its standard input is closed.
func (c *child) serve(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	opts := options()
	opts.SQLite = c.File
	db, err := sql.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	mux := http.NewServeMux()
	for i := range 2 {
		p, err := newProcess(ctx, db, c.Cached, nil)
		if err != nil {
			return err
		}
		defer p.stop()
		for name, replica := range map[string]history.Replica{"replica": p.replica, "bare": p.bare} {
			at := fmt.Sprintf("/%d/%s", i, name)
			mux.Handle(at+"/", http.StripPrefix(at, history.Handler(replica)))
		}
	}
	if err := os.Remove(c.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", c.Socket)
	if err != nil {
		return err
	}
	fmt.Println(ready)
	server := &http.Server{Handler: mux}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func TestMain(m *testing.M) {
	klog.SetLogger(klog.Logger{}) // What fails while a server is away is no news here.
	if what := os.Getenv(childVariable); what != "" {
		c := &child{}
		err := json.Unmarshal([]byte(what), c)
		if err == nil {
			err = c.serve(context.Background())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
