package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"example.com/annex/shared/version"
)

const help = `Starts a Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager)
on free ports of this machine, and extends its API with capacity.example.com,
step by step, as one would extend any cluster's. Each line is one step, with the
time it took and the command that repeats it by hand. Nothing needs root, Docker
or the network, and nothing is left when it ends.

  bazel run //:demo                 walk through, and end
  bazel run //:demo -- --stay       walk through, and stay up until Ctrl-C: the
                                    last lines say how to point kubectl at it
  bazel run //:demo -- -o json      one JSON object per step, for machines

Exit status: 0 when all went well, 1 when a step failed, 2 when the flags are
wrong, 130 and 143 when Ctrl-C or SIGTERM ended it before it was done.

Flags:
`

// options are the demo's flags.
type options struct {
	stay    bool
	json    bool
	routing bool
	dir     string
}

// parse reads the flags. It returns pflag.ErrHelp when help or the version was
// asked for, and printed.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	var output string
	flags := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.SetOutput(io.Discard) // Errors are returned, and printed once.
	flags.Usage = func() {}
	flags.BoolVar(&o.stay, "stay", false, "keep everything running until Ctrl-C or SIGTERM")
	flags.StringVarP(&output, "output", "o", "text", "text, or json: one object per step and line")
	flags.BoolVar(&o.routing, "enable-aggregator-routing", false,
		"let kube-apiserver dial the Service's endpoints itself, as in clusters without kube-proxy\nbeside it; runs in a network namespace of its own")
	flags.StringVar(&o.dir, "dir", "", "where to make the private directory for data, keys and logs (default $TMPDIR, or /tmp)")
	showVersion := flags.Bool("version", false, "print the version and exit")
	err := flags.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprint(out, help+flags.FlagUsages())
		return o, err
	}
	if err != nil {
		return o, fmt.Errorf("%w; --help lists the flags", err)
	}
	if *showVersion {
		fmt.Fprintln(out, "demo", version.Long())
		return o, pflag.ErrHelp
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("the demo takes no arguments, and got %s; --help lists the flags", strings.Join(flags.Args(), " "))
	}
	switch output {
	case "text":
	case "json":
		o.json = true
	default:
		return o, fmt.Errorf("--output=%s: must be text or json", output)
	}
	// bazel run starts programs elsewhere, and says where the person is.
	if working := os.Getenv("BUILD_WORKING_DIRECTORY"); o.dir != "" && !filepath.IsAbs(o.dir) && working != "" {
		o.dir = filepath.Join(working, o.dir)
	}
	return o, nil
}
