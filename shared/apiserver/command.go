package apiserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register"         // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/version" // the kubernetes_build_info metric

	"example.com/annex/shared/version"
)

// Exit codes of Run.
const (
	exitFailure = 1 // the server could not start, or stopped with an error
	exitUsage   = 2 // the command line is wrong
)

// usageError is all that is wrong with a command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Run is the whole main of a server: it reads the command line, serves until SIGINT or SIGTERM (a second one ends it
// at once), and returns the exit code: 0, 1 when the server failed, 2 when the command line is wrong.
func Run(definition Definition) int {
	defer logs.FlushLogs()
	command, err := NewCommand(definition)
	if err == nil {
		err = command.ExecuteContext(genericapiserver.SetupSignalContext())
	}
	if err == nil {
		return 0
	}
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(os.Stderr, "%s: %s\nrun with --help for all flags\n", definition.Name, describe(usage.error))
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", definition.Name, describe(err))
	return exitFailure
}

// describe lists errors that are joined, each as a problem of its own.
func describe(err error) string {
	all := problems(err)
	if len(all) == 1 {
		return all[0]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d problems:", len(all))
	for _, problem := range all {
		b.WriteString("\n  - " + strings.ReplaceAll(problem, "\n", "\n    "))
	}
	return b.String()
}

func problems(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	var all []string
	for _, err := range joined.Unwrap() {
		all = append(all, problems(err)...)
	}
	return all
}

// NewCommand returns the command that runs a server with flags for all Options. It uses the process-wide
// feature gate and versions, which the k8s.io libraries consult, so make one a process.
func NewCommand(definition Definition) (*cobra.Command, error) {
	// The process-wide registry has the process-wide gate.
	options, err := newOptions(definition, utilfeature.DefaultMutableFeatureGate, compatibility.DefaultComponentGlobalsRegistry)
	if err != nil {
		return nil, err
	}
	command := &cobra.Command{
		Use:           definition.Name + " [flags]",
		Short:         definition.Description,
		Long:          long(definition),
		Version:       version.Long(),
		SilenceUsage:  true,
		SilenceErrors: true,
		// Flags are parsed below, so that all that is wrong is reported at once.
		DisableFlagParsing: true,
		RunE: func(command *cobra.Command, args []string) error {
			help, err := parse(command.Flags(), args)
			if help != nil {
				return help(command)
			}
			if err := errors.Join(err, options.Complete(), options.Validate(), options.validateLogs()); err != nil {
				return usageError{err}
			}
			return options.run(command.Context())
		},
	}
	options.flags.FlagSet("global").BoolP("help", "h", false, "print this help")
	options.flags.FlagSet("global").Bool("version", false, "print the version")
	for _, set := range options.flags.FlagSets {
		command.Flags().AddFlagSet(set)
	}
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		width = 0 // not a terminal: no wrapping
	}
	cliflag.SetUsageAndHelpFunc(command, options.flags, width)
	return command, nil
}

func long(d Definition) string {
	var b strings.Builder
	if d.Description != "" {
		fmt.Fprintf(&b, "%s\n\n", d.Description)
	}
	b.WriteString("An aggregated API server: kube-apiserver passes requests for these groups on to it.\n\n")
	for _, g := range d.Groups {
		var names []string
		for _, r := range g.Resources {
			names = append(names, r.Name())
		}
		fmt.Fprintf(&b, "  %s (%s): %s\n", g.Name, strings.Join(g.Versions, ", "), strings.Join(names, ", "))
	}
	least := d.Name + " --kubeconfig=FILE"
	switch {
	case len(d.tables(nil).Resources) > 0:
		least += " --storage-dsn-file=FILE"
	case d.Stored():
		least += " --data-dir=DIRECTORY"
	}
	fmt.Fprintf(&b, "\nOutside a cluster, the least that it needs is\n\n  %s\n", least)
	return b.String()
}

func (o *Options) run(ctx context.Context) error {
	if err := logsapi.ValidateAndApply(o.Logs, o.FeatureGate); err != nil {
		return fmt.Errorf("setting up logging: %w", err)
	}
	// Storage that is away is waited for, whatever the context says.
	started := make(chan func() error, 1)
	go func() {
		server, err := o.server(ctx)
		if err != nil {
			started <- func() error { return err }
			return
		}
		started <- func() error { return server.Run(ctx) }
	}()
	select {
	case serve := <-started:
		return serve()
	case <-ctx.Done():
		return nil
	}
}

func (o *Options) validateLogs() error {
	var errs []error
	for _, err := range logsapi.Validate(o.Logs, o.FeatureGate, nil) {
		errs = append(errs, fmt.Errorf("--logging-format and its kind: %w", err))
	}
	return errors.Join(errs...)
}
