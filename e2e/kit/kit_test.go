package kit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/report"
	"example.com/annex/e2e/resources"
	"example.com/annex/e2e/step"
)

var testenv *framework.Environment

func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{Name: "kit", Servers: []framework.Server{resources.Topology()}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	dir, err := os.MkdirTemp("", "annex-kit-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = sync.OnceValues(func() (string, error) {
		return framework.Program(context.Background(), "annex-conformance", "tools/annex-conformance", dir)
	})
	status := testenv.Run(m)
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// program is the path of the program.
var program func() (string, error)

// run is a run of the program.
type run struct {
	stdout, stderr bytes.Buffer
	status         int
}

// command is the program with arguments, in the cluster of the session.
func command(ctx context.Context, t *testing.T, s *step.Session, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	kubectl, ok := ctx.Value(step.KubectlKey{}).(string)
	if !ok {
		t.Fatal("the environment did not say where kubectl is")
	}
	return exec.CommandContext(ctx, path, append([]string{"--kubeconfig", s.Kubeconfig, "--context", s.Context, "--kubectl", kubectl}, args...)...)
}

// start runs the program to its end.
func start(ctx context.Context, t *testing.T, s *step.Session, args ...string) *run {
	t.Helper()
	return finish(t, command(ctx, t, s, args...))
}

func finish(t *testing.T, cmd *exec.Cmd) *run {
	t.Helper()
	r := &run{}
	cmd.Stdout, cmd.Stderr = &r.stdout, &r.stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r.status = cmd.ProcessState.ExitCode()
	return r
}

// document is the report, of a run with -o json.
func (r *run) document(t *testing.T) report.Document {
	t.Helper()
	var d report.Document
	if err := json.Unmarshal(r.stdout.Bytes(), &d); err != nil {
		t.Fatalf("exit status %d: decoding the report: %v\n%s%s", r.status, err, r.stdout.String(), r.stderr.String())
	}
	if d.APIVersion != report.APIVersion || d.Kind != report.Kind {
		t.Errorf("the report is %s %s", d.APIVersion, d.Kind)
	}
	return d
}

// text is the report for people.
func text(t *testing.T, d report.Document) string {
	t.Helper()
	var b strings.Builder
	if err := d.WriteText(&b, report.Style{Wide: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// areas are those with a state.
func areas(d report.Document, state report.State) []string {
	var names []string
	for _, area := range d.Areas {
		for _, cell := range area.Cells {
			if cell.State == state && !slices.Contains(names, area.Name) {
				names = append(names, area.Name)
			}
		}
	}
	return names
}
