package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a child process. Its methods may be called by several goroutines
// at once.
type Process struct {
	command Command
	process *os.Process
	started time.Time
	done    chan struct{}
	state   *os.ProcessState // set before done is closed
	logSize int64            // of the log file when this process started
}

// Start starts a program, and returns once it runs, ready or not. The context
// matters for starting only: a Process runs until it ends by itself, is
// stopped or killed, or this process ends.
func Start(ctx context.Context, command Command) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Name, context.Cause(ctx))
	}
	log, err := os.OpenFile(command.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting %s: opening its log: %w", command.Name, err)
	}
	defer log.Close() // The child has its own copy.
	info, err := log.Stat()
	if err != nil {
		return nil, fmt.Errorf("starting %s: reading the size of its log: %w", command.Name, err)
	}

	// Not CommandContext: it would kill the program when the start is over.
	cmd := exec.Command(command.Path, command.Args...)
	cmd.Env = append(os.Environ(), command.Env...)
	cmd.Dir = command.Dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// The kernel kills the child when its parent dies, be it by SIGKILL.
		Pdeathsig: syscall.SIGKILL,
		// Ctrl-C goes to the terminal's foreground group: only the parent may
		// get it, and stop its children in the right order.
		Setpgid: true,
	}

	p := &Process{command: command, done: make(chan struct{}), logSize: info.Size()}
	started := make(chan error, 1)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Name, err)
	}
	return p, nil
}

// run starts the program and waits for its end, on one thread: the kernel sends
// the death signal when the parent's *thread* ends (prctl(2),
// PR_SET_PDEATHSIG), so that the thread must live as long as the child.
func (p *Process) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p.started = time.Now()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.process = cmd.Process
	started <- nil
	// A non-zero exit is an error of Wait, and is in the state too.
	_ = cmd.Wait()
	p.state = cmd.ProcessState
	close(p.done)
}

// Name is the command's name.
func (p *Process) Name() string { return p.command.Name }

// Pid is the process's id.
func (p *Process) Pid() int { return p.process.Pid }

// Command is what the process was started with. Start takes it again.
func (p *Process) Command() Command { return p.command }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is nil while the process runs, and an *ExitError once it has ended,
// whatever its exit status was: servers are not meant to end.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return &ExitError{Name: p.command.Name, State: p.state, LogFile: p.command.LogFile, LastLines: p.lastLines()}
	default:
		return nil
	}
}

// CancelWhenGone waits until the process has ended, and cancels a context with its Err; or until the context is done.
func (p *Process) CancelWhenGone(ctx context.Context, cancel context.CancelCauseFunc) {
	select {
	case <-p.done:
		cancel(p.Err())
	case <-ctx.Done():
	}
}

// WaitReady waits until the process is ready. It fails when the process ends
// first, with an *ExitError, and when the context is done, with its cause and
// the reason why the process was not ready yet.
func (p *Process) WaitReady(ctx context.Context) error {
	if p.command.Ready == nil {
		return p.Err()
	}
	ready, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.done:
			cancel() // Ends a call of Ready that may wait for long.
		case <-ready.Done():
		}
	}()
	ticker := time.NewTicker(ReadyInterval)
	defer ticker.Stop()
	var last error
	for {
		err := p.command.Ready(ready)
		if exit := p.Err(); exit != nil {
			return fmt.Errorf("waiting for %s: %w", p.command.Name, exit)
		}
		if err == nil {
			return nil
		}
		if ready.Err() == nil || last == nil {
			last = err // Not the mere end of the wait, when there is a better reason.
		}
		select {
		case <-p.done:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w after %s; it was not ready: %w%s",
				p.command.Name, context.Cause(ctx), time.Since(p.started).Round(time.Millisecond), last, logHint(p.lastLines(), p.command.LogFile))
		case <-ticker.C:
		}
	}
}

// Stop asks the process to end (SIGTERM), waits for it, and kills it after the
// command's grace, or when the context is done. Once Stop returns the process
// is gone; the error says if it could not be ended, and is nil if it had ended
// before.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	grace := p.command.Grace
	if grace == 0 {
		grace = DefaultGrace
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return p.Kill()
}

// Kill ends the process at once (SIGKILL), and returns once it is gone.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

func (p *Process) signal(signal syscall.Signal) error {
	if err := p.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %s (process %d) signal %q: %w", p.command.Name, p.Pid(), signal, err)
	}
	return nil
}

func (p *Process) lastLines() []string { return lastLines(p.command.LogFile, p.logSize) }
