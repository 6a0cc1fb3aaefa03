package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// kubectl runs the real kubectl.
type kubectl struct {
	program    string
	kubeconfig string
	home       string // for its caches; never the person's own
}

func (k kubectl) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.program, args...)
	cmd.Dir = k.home
	cmd.Env = []string{
		"KUBECONFIG=" + k.kubeconfig,
		"HOME=" + k.home,
		"PATH=" + os.Getenv("PATH"),
		"TMPDIR=" + os.TempDir(),
	}
	// As for the servers: see package process.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return cmd
}

// run runs a command to its end and returns what it said. The error has it too.
func (k kubectl) run(ctx context.Context, args ...string) (string, error) {
	// The kernel sends the death signal when the thread ends that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	output, err := k.command(ctx, args...).CombinedOutput()
	said := strings.TrimRight(string(output), "\n")
	if err == nil {
		return said, nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return said, fmt.Errorf("%s: %w: %s", commandLine("kubectl", args...), err, said)
}

// watch runs a command that does not end by itself, calls react for each line
// it says, and ends it when react returns true.
func (k kubectl) watch(ctx context.Context, react func(line string) (bool, error), args ...string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := k.command(watching, args...)
	output, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", commandLine("kubectl", args...), err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("%s: %w", commandLine("kubectl", args...), err)
	}
	seen, err := readLines(output, react)
	cancel()
	waitErr := cmd.Wait()
	switch {
	case err != nil:
		return err
	case seen:
		return nil // It was killed.
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", commandLine("kubectl", args...), context.Cause(ctx))
	}
	return fmt.Errorf("%s ended too early: %w: %s", commandLine("kubectl", args...), errors.Join(waitErr, io.ErrUnexpectedEOF), complaints.String())
}

func readLines(from io.Reader, react func(line string) (bool, error)) (bool, error) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if done, err := react(lines.Text()); done || err != nil {
			return done, err
		}
	}
	return false, nil // How it ended says why.
}

// commandLine is a command as one types it into a shell.
func commandLine(program string, args ...string) string {
	words := []string{program}
	for _, arg := range args {
		words = append(words, quote(arg))
	}
	return strings.Join(words, " ")
}

// longCommandLine has one argument per line.
func longCommandLine(program string, args ...string) string {
	words := []string{quote(program)}
	for _, arg := range args {
		words = append(words, quote(arg))
	}
	return strings.Join(words, " \\\n  ")
}

const unquoted = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%"

// quote quotes a word for a POSIX shell, if it needs to be.
func quote(word string) string {
	if word != "" && strings.Trim(word, unquoted) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
