package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/rest"

	"example.com/annex/e2e/conformance/claims"
	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
	"example.com/annex/tools/annex-conformance/runner"
	"example.com/annex/tools/annex/cluster"
	"example.com/annex/tools/controlplane/workdir"
)

// options are what the flags say.
type options struct {
	targets
	cluster     *cluster.Cluster
	samples     []string
	claims      string
	feature     string
	list        bool
	dryRun      bool
	timeout     time.Duration
	parallel    int
	kubectl     string
	output      string
	junit       string
	verbose     bool
	child       []string
	in          io.Reader
	out, errOut io.Writer
}

const long = `Tries whether the resources of an APIService, a custom resource or a built-in one do what resources of Kubernetes do: discovery,
OpenAPI, every verb and kind of patch, server-side apply, watches, tables, access, quota, garbage collection, and so on.

It needs a sample of each kind, finds out what else the resource claims, and holds it to that; what it does not claim is checked to be
absent. What can't be found out, or should be claimed otherwise, --claims says: the subcommand claims prints what was found out.

In the cluster it creates namespaces named e2e-..., and outside of them objects of the resource, ClusterRoles, ClusterRoleBindings and
admission policies, all named e2e-... and labelled, and deletes them again. Take a cluster in which the resource's controllers may act
on such objects.

Exit status: 0 if all that is claimed is so, 1 if something is not, 2 if that could not be found out.`

const example = `  annex-conformance --apiservice v1.topology.example.com --sample site.yaml
  annex-conformance --crd widgets.example.com --sample widget.yaml --feature /Watches
  annex-conformance --resource configmaps.v1 --sample configmap.yaml -o json
  annex-conformance claims --crd widgets.example.com --sample widget.yaml > claims.yaml
  annex-conformance --crd widgets.example.com --sample widget.yaml --claims claims.yaml --junit report.xml`

// New is the command for the cluster, under a name. Whoever executes it exits with the [Status] of an error that is an [Error].
func New(use string, c *cluster.Cluster) *cobra.Command {
	o := &options{cluster: c}
	command := &cobra.Command{
		Use:   use + " --apiservice VERSION.GROUP|--crd PLURAL.GROUP|--resource RESOURCE.VERSION.GROUP --sample FILE",
		Short: "Try whether a resource does what resources of Kubernetes do.",
		Long:  long, Example: example,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(command *cobra.Command, _ []string) error { return o.with(command, o.run) },
	}
	flags := command.PersistentFlags()
	o.addFlags(flags)
	flags.StringSliceVarP(&o.samples, "sample", "f", nil, "a file with a valid object of each kind, in YAML or JSON; - is standard input")
	flags.StringVar(&o.claims, "claims", "", "a file of claims, which replace what is found out")
	flags.StringVar(&o.kubectl, "kubectl", "", "the kubectl program; by default that on PATH. Without one, what needs it is skipped")
	flags.DurationVar(&o.timeout, "timeout", 15*time.Minute, "how long all of it may take")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "print each assessment as it ends, to standard error")
	own := command.Flags()
	own.StringVar(&o.feature, "feature", "", "a regular expression for what is run, of RESOURCE.VERSION.GROUP/AREA")
	own.BoolVar(&o.list, "list", false, "print the features with their assessments, and run none")
	own.BoolVar(&o.dryRun, "dry-run", false, "print what would be tried and created, and write nothing to the cluster")
	own.IntVar(&o.parallel, "parallel", 8, "how many features run at once")
	own.StringVarP(&o.output, "output", "o", "table", "what is printed: table, wide, json or junit")
	own.StringVar(&o.junit, "junit", "", "a file to write JUnit XML to, besides")
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Error{err} })
	command.AddCommand(
		&cobra.Command{
			Use:   "claims",
			Short: "Print what was found out about the resource, for --claims.",
			Long: `Prints what a resource claims as far as it can be found out, as a file for --claims. It makes objects of the samples, and
deletes them again.`,
			Args: cobra.NoArgs,
			RunE: func(command *cobra.Command, _ []string) error { return o.with(command, o.printClaims) },
		},
		&cobra.Command{
			Use: runner.ChildCommand + " FILE", Hidden: true, Args: cobra.ExactArgs(1),
			Run: func(_ *cobra.Command, args []string) { runner.Child(args[0]) },
		},
	)
	return command
}

// with calls do until a signal or the timeout ends it.
func (o *options) with(command *cobra.Command, do func(context.Context) error) error {
	if o.timeout <= 0 || o.timeout >= runner.StaleAfter {
		return Error{fmt.Errorf("--timeout=%s: want more than 0s and less than %s", o.timeout, runner.StaleAfter)}
	}
	o.in, o.out, o.errOut = command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr()
	o.child = append(strings.Fields(command.CommandPath())[1:], runner.ChildCommand)
	// Not the command's context: what a signal does to a run is decided here.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(command.Context()))
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals) // A second one ends the program, and its child cleans up alone.
			cancel(interrupted{s})
		case <-ctx.Done():
		}
	}()
	ctx, stop := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("--timeout=%s is over", o.timeout))
	defer stop()
	err := do(ctx)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && !errors.Is(err, errUnfinished) && !errors.Is(err, errFailed) {
		err = context.Cause(ctx) // Better than that of a request which was cut short.
	}
	return Error{err}
}

// session is what is known before anything is tried.
type session struct {
	config  *rest.Config
	clients *step.Clients
	version string
	run     string
	offers  []claims.Offer
	overlay claims.Overlay
	samples []claims.Sample
}

// open reads the files, reaches the cluster, and finds what is to be tried.
func (o *options) open(ctx context.Context) (*session, error) {
	s := &session{run: rand.String(10)}
	for _, file := range o.samples {
		data, err := o.read(file)
		if err != nil {
			return nil, err
		}
		samples, err := claims.ReadSamples(file, data)
		if err != nil {
			return nil, err
		}
		s.samples = append(s.samples, samples...)
	}
	if o.claims != "" {
		data, err := o.read(o.claims)
		if err == nil {
			s.overlay, err = claims.ReadOverlay(o.claims, data)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	if s.config, err = o.cluster.Config(); err != nil {
		return nil, err
	}
	if s.clients, err = step.NewClients(s.config); err != nil {
		return nil, err
	}
	version, err := s.clients.Kubernetes.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("reaching the cluster at %s: %w", s.config.Host, err)
	}
	s.version = version.GitVersion
	if s.offers, err = o.find(ctx, s.clients); err != nil {
		return nil, err
	}
	return s, nil
}

// derive finds out what is claimed.
func (o *options) derive(ctx context.Context, s *session, say func(string)) (claims.Document, []claims.NotTried, error) {
	if err := checkRights(ctx, s.clients, s.offers, runner.Plan{Feature: o.feature}); err != nil {
		return claims.Document{}, nil, err
	}
	return claims.Derive(ctx, claims.Options{
		Clients: s.clients, Run: s.run, Samples: s.samples, Overlay: s.overlay, Progress: say,
	}, s.offers)
}

func (o *options) read(file string) ([]byte, error) {
	if file == "-" {
		data, err := io.ReadAll(o.in)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return data, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a file of the command line: %w", err)
	}
	return data, nil
}

func (o *options) printClaims(ctx context.Context) error {
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	document, left, err := o.derive(ctx, s, nil)
	if err != nil {
		return err
	}
	for _, n := range left {
		fmt.Fprintf(o.errOut, "not among the claims: %s: %s\n", n.Resource, n.Reason)
	}
	data, err := document.YAML()
	if err != nil {
		return err
	}
	_, err = o.out.Write(data)
	return err
}

func (o *options) run(ctx context.Context) (err error) {
	if o.parallel < 1 {
		return fmt.Errorf("--parallel=%d: want 1 or more", o.parallel)
	}
	write, discard, err := o.writer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, discard()) }()
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	if o.dryRun {
		return o.printDryRun(s)
	}
	p := &progress{out: o.errOut, width: terminalWidth(o.errOut), verbose: o.verbose}
	p.begin("asking the cluster")
	defer p.end()
	document, left, err := o.derive(ctx, s, p.say)
	if err != nil {
		return err
	}
	if err := runner.SweepStale(ctx, s.clients.Kubernetes); err != nil {
		return err
	}
	// Kubectl takes its credentials from a file. What killed runs left is removed by this, too.
	dir, err := workdir.New("", "annex-conformance")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	plan := runner.Plan{
		Kubeconfig: dir.Join("kubeconfig"), Kubectl: o.findKubectl(), Run: s.run,
		Feature: o.feature, Parallel: o.parallel, Claims: document,
	}
	if err := o.cluster.WriteKubeconfig(plan.Kubeconfig); err != nil {
		return err
	}
	features, err := plan.Features()
	if err != nil {
		return err
	}
	if o.list {
		p.clearNow()
		return o.printFeatures(features)
	}
	if err := someSelected(features, o.feature); err != nil {
		return err
	}
	var r report.Report
	r.Start(time.Now())
	if err := plan.Announce(&r); err != nil {
		return err
	}
	p.say("trying " + o.title())
	runErr := runner.Run(ctx, o.child, plan, dir.Path(), &r, p.of())
	p.say("cleaning up")
	const sweeping = 30 * time.Second // A run has some fifty namespaces.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweeping)
	defer cancel()
	if err := runner.Sweep(cleanup, s.config, plan); err != nil {
		r.Fail(err.Error())
	}
	d := r.Document(o.title())
	d.Server, d.ServerVersion, d.Run = s.config.Host, s.version, s.run
	for _, n := range left {
		d.NotTried = append(d.NotTried, report.NotTried(n))
	}
	if runErr != nil {
		d.Error = runErr.Error()
		if d.Result == report.Passed {
			d.Result = report.Unfinished
		}
	}
	p.clearNow()
	if err := write(d); err != nil {
		return err
	}
	return verdict(ctx, d, runErr)
}

// verdict is the error that the report comes to.
func verdict(ctx context.Context, d report.Document, runErr error) error {
	var signalled interrupted
	switch {
	case errors.As(context.Cause(ctx), &signalled):
		return signalled
	case d.Result == report.Failed:
		return errFailed
	case runErr != nil || d.Result == report.Unfinished:
		return errUnfinished
	}
	return nil
}

// writer is what writes the report in the form that is asked for, and to the file of --junit; and what cleans up if nothing is
// written.
func (o *options) writer() (write func(report.Document) error, discard func() error, err error) {
	style := report.Style{Color: colors(o.out)}
	switch o.output {
	case "table":
		write = func(d report.Document) error { return d.WriteText(o.out, style) }
	case "wide":
		style.Wide = true
		write = func(d report.Document) error { return d.WriteText(o.out, style) }
	case "json":
		write = func(d report.Document) error { return d.WriteJSON(o.out) }
	case "junit":
		write = func(d report.Document) error { return d.WriteJUnit(o.out) }
	default:
		return nil, nil, fmt.Errorf("--output=%s: want table, wide, json or junit", o.output)
	}
	if o.junit == "" || o.list || o.dryRun {
		return write, func() error { return nil }, nil
	}
	file, err := openReplacement(o.junit)
	if err != nil {
		return nil, nil, fmt.Errorf("--junit=%s: %w", o.junit, err)
	}
	show := write // As a result, write becomes what is returned below.
	return func(d report.Document) error {
		return errors.Join(show(d), file.fill(d.WriteJUnit))
	}, file.discard, nil
}

// findKubectl is the program, or nothing.
func (o *options) findKubectl() string {
	path := o.kubectl
	if path == "" {
		path = "kubectl"
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "" // What needs it is skipped, which is counted.
	}
	if absolute, err := filepath.Abs(found); err == nil {
		return absolute
	}
	return found
}

// someSelected fails if nothing would be run.
func someSelected(features []runner.Feature, expression string) error {
	var names []string
	for _, f := range features {
		if f.Selected {
			return nil
		}
		names = append(names, f.Name)
	}
	return fmt.Errorf("--feature=%s selects none of %s", expression, strings.Join(names, ", "))
}

func (o *options) printFeatures(features []runner.Feature) error {
	var b strings.Builder
	for _, f := range features {
		if !f.Selected {
			continue
		}
		b.WriteString(f.Name)
		if !f.Claimed {
			b.WriteString(" (not claimed)")
		}
		b.WriteString("\n")
		for _, assessment := range f.Assessments {
			b.WriteString("    " + assessment + "\n")
		}
	}
	_, err := io.WriteString(o.out, b.String())
	return err
}

// printDryRun says what would be done, as far as that can be known without writing to the cluster.
func (o *options) printDryRun(s *session) error {
	var b strings.Builder
	fmt.Fprintf(&b, "would try, in the cluster at %s (%s):\n", s.config.Host, s.version)
	whole := false
	for _, offer := range s.offers {
		fmt.Fprintf(&b, "    %s, with the verbs %s", offer.Name(), strings.Join(offer.Verbs, ", "))
		for _, sub := range offer.Subresources {
			fmt.Fprintf(&b, "; %s: %s", sub.Subresource, strings.Join(sub.Verbs, ", "))
		}
		b.WriteString("\n")
		whole = whole || offer.Scope != "Namespaced"
	}
	b.WriteString("would create, and delete again:\n    Namespaces e2e-..., and in them objects of the resources, ConfigMaps, Secrets, ServiceAccounts, ResourceQuotas, Roles, RoleBindings\n")
	if whole {
		b.WriteString("    objects of the resources that have no namespace, named e2e-...\n")
	}
	b.WriteString("    ClusterRoles, ClusterRoleBindings, ValidatingAdmissionPolicies and MutatingAdmissionPolicies with their bindings, named e2e-...\n")
	_, err := io.WriteString(o.out, b.String())
	return err
}

// terminalWidth is 0 for what is no terminal.
func terminalWidth(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// colors says whether there are any: https://no-color.org.
func colors(w io.Writer) bool {
	return terminalWidth(w) > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
