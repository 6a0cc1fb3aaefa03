package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"example.com/annex/tools/controlplane/process"
	"example.com/annex/tools/controlplane/workdir"
)

// Options say what an engine is made of.
type Options struct {
	// Job is told to the program inside, which asks for it with Job.
	Job string
	// Root has docker.io, containerd, runc and iptables, as Root makes it. It is not written to.
	Root string
	// Runc is the program of tools/kind/runc, which runs the one in Root.
	Runc string
	// Parent is where engines keep their directories while they run: on a disk, and with a short path.
	Parent string
	// Data is Docker's data directory, to keep. If it is empty, the data are thrown away.
	Data string
	// Images is a data directory of another engine, whose images this one has from the start. It is not written to.
	Images string
	// LogFile gets what Docker says.
	LogFile string
}

const (
	stageVariable = "ANNEX_ENGINE_STAGE"
	setupVariable = "ANNEX_ENGINE_SETUP"

	stageInit   = "init"   // The first process of the namespaces.
	stageDocker = "docker" // What becomes dockerd.
	stageMain   = "main"   // The program inside.
)

// setup is what the stages pass on.
type setup struct {
	Options
	// Dir is this run's, and Name names its control group.
	Dir, Name string
}

// Job returns the job of the engine that this program runs inside of, or false. Call it first thing in main, or in
// TestMain: in the processes that run the engine it does not return.
func Job() (string, bool) {
	stage := os.Getenv(stageVariable)
	if stage == "" {
		return "", false
	}
	var s setup
	if err := json.Unmarshal([]byte(os.Getenv(setupVariable)), &s); err != nil {
		fmt.Fprintf(os.Stderr, "reading $%s: %v\n", setupVariable, err)
		os.Exit(1)
	}
	status, err := 0, error(nil)
	switch stage {
	case stageInit:
		status, err = s.initialise()
	case stageDocker:
		err = s.becomeDocker()
	default:
		return s.Job, true
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "running a throw-away Docker:", err)
		status = 1
	}
	os.Exit(status)
	return "", true
}

// Refused says why this process may not run an engine, or returns nil.
func Refused() error {
	var sets [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &sets[0]); err != nil {
		return fmt.Errorf("reading this process's capabilities: %w", err)
	}
	if os.Geteuid() != 0 || sets[0].Effective&(1<<unix.CAP_SYS_ADMIN) == 0 {
		return errors.New("a throw-away Docker takes root, with CAP_SYS_ADMIN")
	}
	return nil
}

// Run runs this program again, with the same arguments, inside of a new engine, and returns its exit status once it and
// the engine are gone.
func Run(options Options) (status int, err error) {
	if err := Refused(); err != nil {
		return 1, err
	}
	if err := os.MkdirAll(options.Parent, 0o755); err != nil {
		return 1, fmt.Errorf("making a directory for engines: %w", err)
	}
	dir, err := workdir.New(options.Parent, "run")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	s := setup{Options: options, Dir: dir.Path(), Name: groupPrefix + filepath.Base(dir.Path())}
	if len(s.socket()) > maxSocket {
		return 1, fmt.Errorf("%s is too long for a socket: set XDG_CACHE_HOME to a directory with a shorter path", s.socket())
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return 1, err
	}
	if err := sweepGroups(groupPrefix); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, sweepGroups(s.Name)) }()
	status, err = process.Again(
		syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET},
		stageVariable+"="+stageInit, setupVariable+"="+string(encoded))
	if err != nil {
		return 1, fmt.Errorf("making namespaces for a throw-away Docker: %w", err)
	}
	return status, nil
}

// maxSocket is the longest path of a socket (unix(7)), without its final zero byte.
const maxSocket = 107

// root is the engine's root directory, as it is seen from outside of it.
func (s *setup) root() string { return filepath.Join(s.Dir, "root") }

func (s *setup) socket() string { return filepath.Join(s.root(), "run", "docker.sock") }
