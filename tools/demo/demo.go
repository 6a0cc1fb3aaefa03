package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/netns"
	"example.com/annex/tools/controlplane/workdir"
)

// Where Bazel puts //servers/capacity and //servers/topology, relative to the
// runfiles' root: data of this program, set with x_defs to their $(rlocationpath).
var capacityRunfile, topologyRunfile string

const (
	dirPrefix = "annex-demo"
	logs      = "logs"
)

// demo is one walk-through.
type demo struct {
	options options
	report  report
	started time.Time

	dir       *workdir.Directory
	plane     *controlplane.ControlPlane
	extension *extension.Extension
	sites     *extension.Extension // the server of the sites that Reservations name
	kubectl   kubectl
	versions  map[string]string
	available time.Duration

	current   string // section
	commands  []string
	manifests int
}

func newDemo(options options, report report) *demo {
	return &demo{options: options, report: report, started: time.Now(), versions: map[string]string{}}
}

// run walks through, and stays if it was asked to. Whatever happens, nothing is
// left when it returns, except, for a day, the logs of what failed.
func (d *demo) run(ctx context.Context) error {
	err := d.walk(ctx)
	if err == nil && d.options.stay {
		err = d.stay(ctx)
	}
	var signalled errSignal
	keepLogs := err != nil && !errors.As(err, &signalled)
	// The signal that ended the walk must not end the cleaning up.
	cleanErr := d.clean(context.WithoutCancel(ctx), keepLogs)
	err = errors.Join(err, cleanErr)
	final := result{Result: "done", Seconds: time.Since(d.started).Seconds(), AvailableSeconds: d.available.Seconds(), Versions: d.versions}
	if err != nil {
		final.Result, final.Error = "failed", err.Error()
	}
	if keepLogs && d.dir != nil {
		final.Logs = d.dir.Join(logs)
		err = fmt.Errorf("%w\nThe logs are in %s for a day", err, final.Logs)
		if cleanErr == nil {
			err = fmt.Errorf("%w; all else is gone", err)
		}
	}
	d.report.result(final)
	return err
}

func (d *demo) walk(ctx context.Context) error {
	dir, err := workdir.New(d.options.dir, dirPrefix)
	if err != nil {
		return err
	}
	d.dir = dir
	for _, name := range []string{logs, "manifests", "home"} {
		if err := os.Mkdir(dir.Join(name), 0o700); err != nil {
			return fmt.Errorf("making a directory: %w", err)
		}
	}
	if err := d.startControlPlane(ctx); err != nil {
		return err
	}
	// A process that ends by itself fails the step that is under way.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, p := range d.plane.Processes() {
		go p.CancelWhenGone(ctx, cancel)
	}
	if err := d.extend(ctx, cancel); err != nil {
		return err
	}
	return d.use(ctx)
}

// section begins a part of the walk-through.
func (d *demo) section(title string) {
	d.current = title
	d.report.section(title)
}

// step does one thing and reports it. What do returns is shown below the
// commands that d.ran collected.
func (d *demo) step(ctx context.Context, name, title string, do func(context.Context) (string, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, extension.StepTimeout, fmt.Errorf("given up after %s: %w", extension.StepTimeout, context.DeadlineExceeded))
	defer cancel()
	d.commands = nil
	d.report.begin(title)
	started := time.Now()
	output, err := do(ctx)
	// The end of a process is the reason, whatever a command said about it.
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	o := outcome{
		Section: d.current, Step: name, Title: title, OK: err == nil,
		Seconds: time.Since(started).Seconds(), Commands: d.commands, Output: output,
	}
	if err != nil {
		o.Output, o.Error = "", err.Error()
	}
	d.report.end(o)
	if err != nil {
		return fmt.Errorf("step %q failed: %w", title, err)
	}
	return nil
}

// ran notes a command that repeats the step by hand.
func (d *demo) ran(command string) { d.commands = append(d.commands, command) }

// runKubectl runs kubectl, notes the command, and returns what it said.
func (d *demo) runKubectl(ctx context.Context, args ...string) (string, error) {
	d.ran(commandLine("kubectl", args...))
	return d.kubectl.run(ctx, args...)
}

// stay waits until the person has seen enough, or something breaks.
func (d *demo) stay(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, p := range append(d.plane.Processes(), d.extension.Server(), d.sites.Server()) {
		go p.CancelWhenGone(ctx, cancel)
	}
	kubeconfig := d.kubectl.kubeconfig
	var enter, runUnder string // this program's network namespace, if it has one of its own
	if command := netns.EnterCommand(); command != nil {
		enter = strings.Join(command, " ") + " "
		runUnder = "--run_under=" + quote(strings.TrimSpace(enter)) + " " // Bazel stays outside, with its server.
	}
	d.report.say("",
		"It stays up until Ctrl-C. In another terminal:",
		"",
		"  ./tools/bazel run "+runUnder+"//tools/kubectl -- --kubeconfig "+quote(kubeconfig)+" get reservations",
		"",
		"or, with a kubectl of your own:",
		"",
		"  export KUBECONFIG="+quote(kubeconfig),
		"  "+enter+"kubectl get reservations",
		"",
		"Logs: "+d.dir.Join(logs))
	d.report.result(result{
		Result: "up", Seconds: time.Since(d.started).Seconds(), AvailableSeconds: d.available.Seconds(),
		Versions: d.versions, Kubeconfig: kubeconfig, Logs: d.dir.Join(logs),
	})
	<-ctx.Done()
	var signalled errSignal
	if errors.As(context.Cause(ctx), &signalled) {
		return nil // As the person wished.
	}
	return fmt.Errorf("it did not stay up: %w", context.Cause(ctx))
}

// errLeft is part of a walk-through's error when something of it is left.
var errLeft = errors.New("not everything is stopped and removed")

// clean stops and removes everything, in the opposite order.
func (d *demo) clean(ctx context.Context, keepLogs bool) error {
	if d.dir == nil {
		return nil
	}
	const section = "Cleaning up"
	d.report.section(section)
	d.report.begin("stopping")
	started := time.Now()
	var errs []error
	for _, e := range []*extension.Extension{d.sites, d.extension} {
		if e != nil {
			errs = append(errs, e.Stop(ctx))
		}
	}
	if d.plane != nil {
		errs = append(errs, d.plane.Stop(ctx))
	}
	if keepLogs {
		errs = append(errs, d.dir.RemoveExcept(logs))
	} else {
		errs = append(errs, d.dir.Remove())
	}
	err := errors.Join(errs...)
	o := outcome{Section: section, Step: "stop", Title: "Everything is stopped and removed", OK: err == nil, Seconds: time.Since(started).Seconds()}
	if err != nil {
		err = fmt.Errorf("%w: %w", errLeft, err)
		o.Error = err.Error()
	}
	d.report.end(o)
	return err
}

func (d *demo) manifest(step string) string {
	d.manifests++
	return d.dir.Join("manifests", fmt.Sprintf("%02d-%s.yaml", d.manifests, step))
}

// installation is the server that the demo adds.
func installation() deployment.Installation {
	return deployment.Installation{Definition: definition.New()}
}
