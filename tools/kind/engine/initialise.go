package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"example.com/annex/tools/controlplane/process"
	"example.com/annex/tools/kind/reap"
)

// startTimeout is more than Docker needs on a busy machine; it is ready within seconds.
const startTimeout = time.Minute

// initialise is the first process of the namespaces: it sets them up, starts Docker and then the program, and ends with
// the program. The kernel then ends all others.
func (s *setup) initialise() (int, error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	if err := join(s.Name); err != nil {
		return 1, err
	}
	if err := s.mount(); err != nil {
		return 1, fmt.Errorf("setting up a root directory for Docker: %w", err)
	}
	if err := setLoopbackUp(); err != nil {
		return 1, err
	}
	docker, err := s.startDocker()
	if err != nil {
		return 1, err
	}
	program, err := s.startProgram()
	if err != nil {
		return 1, err
	}
	go func() {
		for received := range signals {
			_ = program.Signal(received) // It may be gone already.
		}
	}()
	status, failure := 1, error(nil)
	err = reap.Children(func(pid int, ended unix.WaitStatus) bool {
		switch pid {
		case docker.Pid:
			failure = fmt.Errorf("docker has ended (status %d): %s", process.Status(syscall.WaitStatus(ended)), s.logHint())
			return false
		case program.Pid:
			status = process.Status(syscall.WaitStatus(ended))
			return false
		}
		return true
	})
	if err := errors.Join(failure, err); err != nil {
		return 1, err
	}
	if s.Data == "" {
		return status, nil // Nothing that Docker would still write is kept.
	}
	return status, s.stopDocker(docker)
}

func setLoopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("finding lo: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	return nil
}

// runtimeName is Docker's name for the program of tools/kind/runc.
const runtimeName = "annex-runc"

// startDocker starts dockerd in the engine's root directory, and waits until it answers.
func (s *setup) startDocker() (*os.Process, error) {
	encoded, err := json.Marshal(map[string]any{
		"default-cgroupns-mode": "private",
		"default-runtime":       runtimeName,
		"runtimes":              map[string]any{runtimeName: map[string]string{"path": "/usr/local/sbin/" + runtimeName}},
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.root(), "etc/docker/daemon.json"), encoded, 0o644); err != nil {
		return nil, fmt.Errorf("configuring Docker: %w", err)
	}
	log, err := os.OpenFile(s.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening Docker's log: %w", err)
	}
	defer log.Close() // Docker has its own copy.
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	docker, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Env:   append(s.environment(), stageVariable+"="+stageDocker),
		Files: []*os.File{null, log, log},
		Sys:   &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("starting dockerd: %w", err)
	}
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		err := ping(s.socket())
		if err == nil {
			return docker, nil
		}
		var status unix.WaitStatus
		if pid, waitErr := unix.Wait4(docker.Pid, &status, unix.WNOHANG, nil); waitErr == nil && pid == docker.Pid {
			return nil, fmt.Errorf("docker has not started (status %d): %s", process.Status(syscall.WaitStatus(status)), s.logHint())
		}
		if time.Since(start) > startTimeout {
			return nil, fmt.Errorf("docker does not answer after %s: %w: %s", startTimeout, err, s.logHint())
		}
	}
}

// logHint is the end of Docker's log.
func (s *setup) logHint() string {
	content, err := os.ReadFile(s.LogFile)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "level=info") })
	return s.LogFile + " ends with\n  " + strings.Join(lines[max(0, len(lines)-10):], "\n  ")
}

// stopDocker lets Docker write what it has to, where its data are kept.
func (s *setup) stopDocker(docker *os.Process) error {
	if err := docker.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping Docker: %w", err)
	}
	return reap.Children(func(pid int, _ unix.WaitStatus) bool { return pid != docker.Pid })
}

// startProgram starts this very program again, beside Docker.
func (s *setup) startProgram() (*os.Process, error) {
	// Only the docker command, and not what else is in that root directory.
	bin := filepath.Join(s.Dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, fmt.Errorf("making a directory for the docker command: %w", err)
	}
	if err := os.Symlink(filepath.Join(s.root(), "usr/bin/docker"), filepath.Join(bin, "docker")); err != nil {
		return nil, fmt.Errorf("linking the docker command: %w", err)
	}
	home := filepath.Join(s.Dir, "docker")
	environment := append(s.environment(),
		stageVariable+"="+stageMain,
		"PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"DOCKER_HOST=unix://"+s.socket(),
		"DOCKER_CONFIG="+home,
		"DOCKER_CLI_HINTS=false",
	)
	program, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Env:   environment,
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("running %s inside: %w", os.Args[0], err)
	}
	return program, nil
}

// environment is this process's, less what the one that is started gets or must not have. The first of two values of a
// variable would count.
func (s *setup) environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		switch strings.ToUpper(name) {
		case "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY": // There is no way to it from here, and kind would tell nodes.
			return true
		case "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "KIND_EXPERIMENTAL_PROVIDER":
			return true
		case stageVariable, "PATH", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CLI_HINTS":
			return true
		}
		return false
	})
}
