package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// startTimeout is how long a server may take to answer. Recovery after a crash is part of it.
	startTimeout = time.Minute

	// retryInterval is how often it is looked whether it answers.
	retryInterval = 20 * time.Millisecond

	// superuser is the one that may do everything.
	superuser = "postgres"
)

// Server is a PostgreSQL server.
type Server struct {
	binaries  string
	directory string
	log       string
	user      *syscall.Credential
	databases atomic.Int64

	process *exec.Cmd
	ended   chan struct{}
}

// New makes a server, and starts it. It is stopped, and its data deleted, when t is over. If t fails, the end of its log
// is shown.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the log of PostgreSQL:\n%s", s.tail())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Run makes a server, and starts it, for who is no test: the caller closes it. ctx is about the start.
func Run(ctx context.Context) (*Server, error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	err = s.initialize(ctx)
	if err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends the server, if it runs, and deletes its data.
func (s *Server) Close() error {
	s.Kill()
	if err := os.RemoveAll(s.directory); err != nil {
		return fmt.Errorf("deleting the data of PostgreSQL: %w", err)
	}
	return nil
}

func newServer() (*Server, error) {
	binaries, err := Binaries()
	if err != nil {
		return nil, err
	}
	account, err := credential()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: the path of a socket is 107 bytes at most, and another user has no access.
	directory, err := os.MkdirTemp("", "annex-postgres-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for PostgreSQL: %w", err)
	}
	s := &Server{binaries: binaries, directory: directory, log: filepath.Join(directory, "log"), user: account}
	if account != nil {
		if readable(binaries) != nil { // As in the home of root.
			s.binaries, err = copyPrograms(binaries, directory)
		}
		err = errors.Join(err, readable(filepath.Dir(directory)), os.Chown(directory, int(account.Uid), int(account.Gid)))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing to run PostgreSQL: %w", err), os.RemoveAll(directory))
	}
	return s, nil
}

func (s *Server) initialize(ctx context.Context) error {
	// Without a sync: nothing is lost that was ever used.
	command := s.command(exec.CommandContext(ctx, filepath.Join(s.binaries, "initdb"),
		"--pgdata="+s.data(), "--username="+superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("making a database cluster with initdb: %w\n%s", err, output)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.directory, "data") }

func (s *Server) command(command *exec.Cmd) *exec.Cmd {
	command.Dir = s.directory
	command.Env = append([]string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=GMT"}, libraries(s.binaries)...)
	// Its own group, so that a Ctrl-C is the test's. Should the test be killed, the server goes as well: SIGQUIT is its
	// immediate shutdown.
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.user, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	return command
}

// Start starts the server, after Kill or Stop, and waits until it answers. Its log begins anew.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Resume is Start for who is no test.
func (s *Server) Resume(ctx context.Context) error { return s.start(ctx) }

func (s *Server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := s.tryStart(ctx)
		// After a crash, the server's other processes notice by and by that it is gone. Until then it does not start.
		if err == nil || ctx.Err() != nil || !strings.Contains(s.tail(), "shared memory block") {
			return err
		}
		time.Sleep(retryInterval)
	}
}

func (s *Server) tryStart(ctx context.Context) error {
	// Appended to: what is left of the server before may still write.
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	defer func() { _ = log.Close() }()
	s.process = s.command(exec.Command(filepath.Join(s.binaries, "postgres"),
		"-D", s.data(),
		"-c", "listen_addresses=",
		"-c", "unix_socket_directories="+s.directory,
		"-c", "max_connections=200",
		// The one that needs no files, which a bare machine has not.
		"-c", "timezone=GMT", "-c", "log_timezone=GMT"))
	s.process.Stdout, s.process.Stderr = log, log
	started := make(chan error)
	ended := make(chan struct{})
	s.ended = ended
	go wait(s.process, started, ended)
	if err := <-started; err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	for {
		err := s.execute(ctx, `SELECT 1`)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("starting PostgreSQL: it ended:\n%s", s.tail())
		case <-ctx.Done():
			return fmt.Errorf("starting PostgreSQL: it does not answer (%w):\n%s", err, s.tail())
		case <-time.After(retryInterval):
		}
	}
}

// Stop shuts the server down: connections are closed, everything is written.
func (s *Server) Stop() { s.signal(syscall.SIGINT) }

// Kill ends the server as a crash does: what it had not written is lost.
func (s *Server) Kill() { s.signal(syscall.SIGKILL) }

func (s *Server) signal(signal syscall.Signal) {
	if s.process == nil || s.process.Process == nil {
		return
	}
	select {
	case <-s.ended:
	default:
		_ = s.process.Process.Signal(signal)
		<-s.ended
	}
	s.process = nil
}

// Database makes a database, which is gone with the server, and returns how to connect to it.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	connection, err := s.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

// NewDatabase is Database for who is no test.
func (s *Server) NewDatabase(ctx context.Context) (string, error) {
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	if err := s.execute(ctx, `CREATE DATABASE `+name); err != nil {
		return "", fmt.Errorf("making a database: %w", err)
	}
	return s.connectionString(name), nil
}

// Socket is the Unix socket that the server listens on.
func (s *Server) Socket() string { return filepath.Join(s.directory, ".s.PGSQL.5432") }

// PasswordUser makes a user who owns a database of the same name, and is let in with a password only.
func (s *Server) PasswordUser(t testing.TB, name, password string) {
	t.Helper()
	rules := filepath.Join(s.data(), "pg_hba.conf")
	others, err := os.ReadFile(rules)
	if err != nil {
		t.Fatalf("reading who may connect: %v", err)
	}
	// The first rule that fits decides.
	if err := os.WriteFile(rules, append([]byte("local all "+name+" scram-sha-256\n"), others...), 0o600); err != nil {
		t.Fatalf("writing who may connect: %v", err)
	}
	s.Execute(t, `CREATE ROLE `+name+` LOGIN PASSWORD '`+password+`'`)
	s.Execute(t, `CREATE DATABASE `+name+` OWNER `+name)
	s.Execute(t, `SELECT pg_reload_conf()`)
}

func (s *Server) connectionString(database string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s sslmode=disable", s.directory, superuser, database)
}

// Execute runs a statement as superuser, in the database that is there for that.
func (s *Server) Execute(t testing.TB, statement string) {
	t.Helper()
	if err := s.execute(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) execute(ctx context.Context, statement string) error {
	connection, err := pgx.Connect(ctx, s.connectionString("postgres"))
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, statement)
	return errors.Join(err, connection.Close(ctx))
}

// tail is the end of the server's log.
func (s *Server) tail() string {
	const length = 4 << 10
	log, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-length):])
}
