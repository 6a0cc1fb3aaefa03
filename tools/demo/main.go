// Command demo starts a control plane, extends its API with an aggregated
// server, and uses it, as a person would. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"example.com/annex/tools/controlplane/netns"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	options, err := parse(args, stdout)
	if errors.Is(err, pflag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 2
	}
	walk := func() int { return walkThrough(options, stdout, stderr) }
	if !options.routing {
		return walk()
	}
	status, err := netns.Run(walk)
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
	}
	return status
}

// errSignal is the cause of a context that a signal ended.
type errSignal struct{ signal syscall.Signal }

func (e errSignal) Error() string { return e.signal.String() }

// status is what a shell reports for a program that the signal killed.
func (e errSignal) status() int { return 128 + int(e.signal) }

// withSignals returns a context that the first SIGINT, SIGTERM, SIGHUP (the
// terminal was closed) or SIGPIPE (nobody reads what the demo says) ends. A
// second one kills the program, as signals do; its children die with it.
func withSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			signal.Ignore(syscall.SIGPIPE) // The cleaning up is reported, too.
			if number, ok := s.(syscall.Signal); ok {
				cancel(errSignal{number})
			}
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

func walkThrough(options options, stdout, stderr io.Writer) int {
	ctx, cancel := withSignals(context.Background())
	defer cancel()
	report := newReport(options, stdout)
	return conclude(newDemo(options, report).run(ctx), stderr)
}

// conclude says how the demo ended, and returns the status to exit with.
func conclude(err error, stderr io.Writer) int {
	var signalled errSignal
	switch {
	case err == nil:
		return 0
	case errors.As(err, &signalled) && !errors.Is(err, errLeft):
		fmt.Fprintf(stderr, "demo: ended by a signal (%s); nothing is left\n", signalled)
		return signalled.status()
	default:
		fmt.Fprintln(stderr, "demo:", err)
		return 1
	}
}
