package framework

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"
	"sigs.k8s.io/e2e-framework/klient"
	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"
	"sigs.k8s.io/e2e-framework/pkg/types"

	provider "example.com/annex/e2e/framework/kind"
	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
	"example.com/annex/shared/apiserver"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/netns"
	"example.com/annex/tools/kind"
)

// parallel is how many tests may run at once. They wait for the cluster rather
// than work, so that it is more than there are CPUs.
const parallel = 16

// Suite says what a test package needs.
type Suite struct {
	// Name is the suite's in the summary and among the logs: "capacity".
	Name string
	// Servers are installed before the first test, in this order.
	Servers []Server
	// Objects are created once all servers are installed: YAML documents, as
	// kubectl takes them, of what the features need and none of them is about.
	// What is there already stays as it is; on an existing cluster the others
	// are deleted in the end. Optional.
	Objects string
	// KubeAPIServerArgs are added to kube-apiserver's flags, under the same
	// condition as the servers'.
	KubeAPIServerArgs []string
}

// flags tells whether the suite needs programs to run with flags of its own.
func (s Suite) flags() bool {
	return len(s.KubeAPIServerArgs) > 0 || slices.ContainsFunc(s.Servers, func(server Server) bool { return len(server.Args) > 0 })
}

// tabled tells whether a server needs a database that the suite has made.
func (s Suite) tabled() bool {
	return slices.ContainsFunc(s.Servers, func(server Server) bool { return len(server.Definition.Tabled()) > 0 })
}

// Environment is where a suite runs: one cluster with the suite's servers.
type Environment struct {
	suite   Suite
	options options
	config  *envconf.Config
	report  report.Report

	env       types.Environment
	kubectl   string
	cluster   Cluster
	site      *kind.Site // Of a cluster of kind's.
	artifacts *artifacts
	// namespaces are the features'.
	namespaces step.Namespaces
	created    []*unstructured.Unstructured // of the suite's Objects
	// unavailable is the reason to skip everything, if there is one.
	unavailable string
}

// New reads the flags and finds out which cluster they ask for. Call it first
// thing in TestMain, and then Run.
func New(suite Suite) (*Environment, error) {
	e := &Environment{suite: suite}
	e.options.addFlags(flag.CommandLine)
	config, err := envconf.NewFromFlags()
	if err != nil {
		return nil, fmt.Errorf("reading the flags of suite %s: %w", suite.Name, err)
	}
	e.config = config
	if e.options.cluster == "" {
		e.options.cluster = cmp.Or(os.Getenv(ClusterVariable), "controlplane")
		if config.KubeconfigFile() != "" {
			e.options.cluster = "existing"
		}
	}
	switch {
	case !slices.Contains([]string{"controlplane", "kind", "existing"}, e.options.cluster):
		return nil, fmt.Errorf(`--cluster=%s: want "controlplane", "kind" or "existing"`, e.options.cluster)
	case e.options.cluster == "existing" && config.KubeconfigFile() == "":
		return nil, errors.New("--cluster=existing: set --kubeconfig to the cluster's kubeconfig file")
	case e.options.cluster == "existing" && e.options.routing:
		return nil, errors.New("--aggregator-routing: the flags of an existing cluster's kube-apiserver are not ours to set; leave it out")
	case !slices.Contains([]string{apiserver.StorageEtcd, apiserver.StorageSQLite, apiserver.StoragePostgres}, e.options.storage):
		return nil, fmt.Errorf(`--storage=%s: want "etcd", "sqlite" or "postgres"`, e.options.storage)
	case e.options.cluster == "existing" && given("storage"):
		return nil, errors.New("--storage: where the servers of an existing cluster keep their objects is not ours to say; leave it out")
	case e.options.cluster == "kind" && e.options.storage != apiserver.StorageEtcd:
		return nil, fmt.Errorf("--storage=%s: on kind, servers keep their objects in etcd; leave it out", e.options.storage)
	case e.options.cluster != "existing" && config.KubeconfigFile() != "":
		return nil, fmt.Errorf("--cluster=%s: a cluster made for the run has a kubeconfig of its own; leave out --kubeconfig", e.options.cluster)
	}
	if !given("test.parallel") {
		if err := flag.Set("test.parallel", strconv.Itoa(parallel)); err != nil {
			return nil, fmt.Errorf("letting tests run at the same time: %w", err)
		}
	}
	switch {
	case testing.Short():
		e.unavailable = "-short was given"
	case e.options.cluster == "existing" && suite.flags():
		e.unavailable = "not on this cluster: its programs have not the flags that the suite needs, and are not ours to restart"
	case e.options.cluster == "kind" && suite.tabled():
		e.unavailable = "not on this cluster: its Pods don't reach the suite's database"
	}
	return e, nil
}

func given(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// Run makes the cluster, installs the servers, runs the tests, removes the
// cluster, and prints the summary. It returns the status to exit with.
func (e *Environment) Run(m *testing.M) int {
	var status int
	var err error
	switch {
	case e.unavailable != "" || listing():
		return e.run(m)
	case e.options.cluster == "kind":
		status, err = kind.Run(os.Stdout, func(site *kind.Site) int {
			e.site = site
			return e.run(m)
		})
	case e.options.routing:
		status, err = netns.Run(func() int { return e.run(m) })
	default:
		return e.run(m)
	}
	switch {
	case err == nil:
		return status
	case errors.Is(err, kind.ErrRefused):
		e.unavailable = err.Error()
	case errors.Is(err, netns.ErrRefused):
		e.unavailable = fmt.Sprintf("no network namespace for --aggregator-routing: %v", err)
	default:
		fmt.Fprintf(os.Stderr, "e2e %s: %v\n", e.title(), err)
		return 1
	}
	return e.run(m)
}

// listing says whether go test prints names and runs nothing.
func listing() bool {
	f := flag.Lookup("test.list")
	return f != nil && f.Value.String() != ""
}

// title is the suite and the cluster, for people to read.
func (e *Environment) title() string {
	title := e.suite.Name + " on " + e.options.cluster
	if e.options.routing {
		title += " with --enable-aggregator-routing"
	}
	if e.options.storage != apiserver.StorageEtcd {
		title += ", objects in " + e.options.storage
	}
	return title
}

func (e *Environment) run(m *testing.M) (status int) {
	if listing() {
		return m.Run()
	}
	e.report.Start(time.Now())
	if e.unavailable != "" {
		status = m.Run()
		e.report.Print(os.Stdout, e.title())
		return status
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if at, ok := deadline(time.Now()); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, at, errors.New("the suite's time is up"))
		defer cancel()
	}
	if err := e.prepare(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The clean-up first: it must know of whatever setUp leaves behind.
	e.env.Finish(e.finish).Setup(e.setUp)
	status = e.env.Run(m)
	if status == 0 && e.report.Failed() {
		status = 1
	}
	e.report.Print(os.Stdout, e.title())
	if err := writeReport(os.Stdout, e.report.Document(e.title())); err != nil {
		fmt.Fprintf(os.Stderr, "e2e %s: %v\n", e.title(), err)
		return 1
	}
	return status
}

// prepare makes what setUp and finish work on.
func (e *Environment) prepare(ctx context.Context) error {
	binaries, err := findBinaries(e.options.cluster)
	if err != nil {
		return fmt.Errorf("e2e %s: %w", e.title(), err)
	}
	e.kubectl = binaries.Kubectl
	if e.artifacts, err = newArtifacts(e.suite.Name); err != nil {
		return fmt.Errorf("e2e %s: %w", e.title(), err)
	}
	switch e.options.cluster {
	case "existing":
		e.cluster = Existing(e.config.KubeconfigFile(), e.config.KubeContext())
	case "kind":
		e.cluster = Kind(provider.Options{
			Site:              e.site,
			AggregatorRouting: e.options.routing,
			KubeAPIServerArgs: e.suite.KubeAPIServerArgs,
			Log:               os.Stdout,
		})
	default:
		e.cluster = ControlPlane(controlplane.Options{
			Binaries:          binaries,
			LogDir:            e.artifacts.dir,
			AggregatorRouting: e.options.routing,
			KubeAPIServerArgs: e.suite.KubeAPIServerArgs,
			Progress: func(event controlplane.Event) {
				if event.Ready {
					e.progress("%s is ready after %.1f s", event.Process, event.Took.Seconds())
				}
			},
		}, e.options.storage)
	}
	e.env, err = env.NewWithContext(ctx, e.config)
	return err
}

// progress tells people who wait what has been done.
func (e *Environment) progress(format string, args ...any) {
	fmt.Printf("e2e %s: %s\n", e.title(), fmt.Sprintf(format, args...))
}

func (e *Environment) setUp(ctx context.Context, cfg *envconf.Config) (context.Context, error) {
	ctx, err := e.install(ctx, cfg)
	if err != nil {
		// e2e-framework prints the error, and runs no test.
		e.report.Fail("setting up the environment: see the error above")
		return ctx, fmt.Errorf("setting up the environment of suite %s: %w", e.title(), err)
	}
	return ctx, nil
}

func (e *Environment) install(ctx context.Context, cfg *envconf.Config) (context.Context, error) {
	// Not envfuncs.CreateCluster: it forgets a cluster that does not become
	// ready, and panics when it can't make a client.
	kubeconfig, err := e.cluster.SetDefaults().WithName(e.suite.Name).Create(ctx)
	if err != nil {
		return ctx, err
	}
	client, err := klient.New(e.cluster.KubernetesRestConfig())
	if err != nil {
		return ctx, fmt.Errorf("making a client: %w", err)
	}
	cfg.WithKubeconfigFile(kubeconfig).WithClient(client)
	if err := e.cluster.WaitForControlPlane(ctx, client); err != nil {
		return ctx, err
	}
	ctx = context.WithValue(ctx, step.KubectlKey{}, e.kubectl)
	ctx = context.WithValue(ctx, step.NamespacesKey{}, &e.namespaces)
	for _, server := range e.suite.Servers {
		started := time.Now()
		installation, err := e.cluster.Install(ctx, server)
		if err != nil {
			return ctx, fmt.Errorf("installing server %s: %w", server.Name(), err)
		}
		ctx = context.WithValue(ctx, installationKey(server.Name()), installation)
		e.progress("server %s is available after %.1f s", server.Name(), time.Since(started).Seconds())
	}
	return ctx, e.create(ctx, client)
}

// finish undoes setUp, however far it came.
func (e *Environment) finish(ctx context.Context, cfg *envconf.Config) (context.Context, error) {
	if ctx.Err() != nil {
		e.report.Fail("running to the end: " + context.Cause(ctx).Error())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), teardown*2/3)
	defer cancel()
	// e2e-framework only logs what finish returns, and at a verbosity that
	// nobody sees: what goes wrong here is counted as a failure instead.
	complain := func(err error) {
		if err != nil {
			klog.ErrorS(err, "Cleaning up", "suite", e.title())
			e.report.Fail("cleaning up: " + err.Error())
		}
	}
	if e.report.Failed() {
		if err := e.cluster.ExportLogs(ctx, e.artifacts.dir); err != nil {
			klog.ErrorS(err, "Exporting logs", "suite", e.title())
		}
	}
	if e.options.cluster == "existing" {
		e.namespaces.Delete(ctx) // A cluster of the run's own takes them along.
	}
	if len(e.created) > 0 { // There is a client.
		complain(e.deleteCreated(ctx, cfg.Client()))
	}
	complain(e.cluster.Destroy(ctx))
	for _, server := range e.suite.Servers {
		if err := e.artifacts.panicked(server.Name()); err != nil {
			klog.ErrorS(err, "Reading the logs", "suite", e.title())
			e.report.Fail(err.Error())
		}
	}
	if e.report.Failed() {
		kept, err := e.artifacts.keep()
		complain(err)
		fmt.Println(kept)
	} else {
		complain(e.artifacts.remove())
	}
	return ctx, nil
}

// Plan says that an area of a resource is going to be tried, and whether it is
// claimed, for the table that is printed in the end.
func (e *Environment) Plan(resource, area string, claimed bool) {
	e.report.Plan(resource, area, claimed)
}

// Test runs features as subtests of t, one after the other, and records what
// became of their assessments.
func (e *Environment) Test(t *testing.T, builders ...*features.FeatureBuilder) {
	t.Helper()
	for _, builder := range builders {
		feature := builder.Feature()
		if e.unavailable != "" {
			e.skip(t, feature)
			continue
		}
		e.env.Test(t, e.report.Feature(feature))
	}
}

// skip skips each assessment of a feature.
func (e *Environment) skip(t *testing.T, feature types.Feature) {
	t.Helper()
	t.Run(feature.Name(), func(t *testing.T) {
		for _, s := range features.GetStepsByLevel(feature.Steps(), types.LevelAssess) {
			t.Run(s.Name(), func(t *testing.T) {
				report.Skip(e.report.Observe(t.Context(), t), t, e.unavailable)
			})
		}
	})
}
