package kit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
)

// installed counts the tests that use the custom resources.
var installed struct {
	sync.Mutex
	users int
}

// install applies the custom resources, for as long as one of the tests runs that have called it.
func install(ctx context.Context, t *testing.T, s *step.Session) {
	t.Helper()
	installed.Lock()
	defer installed.Unlock()
	t.Cleanup(func() {
		installed.Lock()
		defer installed.Unlock()
		if installed.users--; installed.users > 0 {
			return
		}
		ctx, cancel := step.CleanupContext(ctx)
		defer cancel()
		if _, err := s.TryKubectl(ctx, t, "delete", "-f", "testdata/crd.yaml"); err != nil {
			t.Error(err)
		}
	})
	installed.users++
	s.Kubectl(ctx, t, "apply", "--server-side", "-f", "testdata/crd.yaml")
	s.Kubectl(ctx, t, "wait", "--for=condition=Established", "crd/gadgets.e2e-kit.example.com", "crd/anythings.e2e-kit.example.com", "--timeout=30s")
}

// quirky are the areas of which one at least of several built-in resources claims nothing; ComponentStatuses claim little.
var quirky = []string{
	"Versions", "Metadata", "Validation", "DryRun", "Patches", "Apply", "Malformed", "Status", "Scale", "Delete", "Watches", "Policies", "Quota", "Namespaces", "Ownership",
}

// TestPasses runs everything against resources that do everything.
func TestPasses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		// columns are the resources.
		columns []string
		// unclaimed are areas in which nothing is claimed.
		unclaimed []string
		crd       bool
	}{
		"a built-in resource": {
			args:      []string{"--resource=configmaps.v1", "--sample=testdata/configmap.yaml"},
			columns:   []string{"configmaps.v1."},
			unclaimed: []string{"Versions", "Malformed", "Status", "Scale"},
		},
		"a custom resource": {
			args:      []string{"--crd=gadgets.e2e-kit.example.com", "--sample=testdata/gadget.yaml"},
			columns:   []string{"gadgets.v1.e2e-kit.example.com"},
			unclaimed: []string{"Versions", "Malformed"},
			crd:       true,
		},
		"quirks of built-in resources": {
			args: []string{
				"--resource=secrets.v1", "--resource=leases.v1.coordination.k8s.io", "--resource=podtemplates.v1", "--resource=componentstatuses.v1",
				"--sample=testdata/secret.yaml", "--sample=testdata/lease.yaml", "--sample=testdata/podtemplate.yaml",
			},
			columns:   []string{"secrets.v1.", "leases.v1.coordination.k8s.io", "podtemplates.v1.", "componentstatuses.v1."},
			unclaimed: quirky,
		},
		"a custom resource of any fields": {
			args:      []string{"--crd=anythings.e2e-kit.example.com", "--sample=testdata/anything.yaml"},
			columns:   []string{"anythings.v1.e2e-kit.example.com"},
			unclaimed: []string{"Versions", "Malformed", "Status", "Scale", "Quota", "Namespaces"},
			crd:       true,
		},
		"aggregated resources": {
			args:      []string{"--apiservice=v1.topology.example.com", "--apiservice=v1alpha1.topology.example.com", "--sample=testdata/site.yaml"},
			columns:   []string{"sites.v1.topology.example.com", "sites.v1alpha1.topology.example.com"},
			unclaimed: []string{"Scale", "Quota", "Namespaces"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s step.Session
			testenv.Test(t, features.New("the kit").Setup(s.Open).Assess("passes "+name, step.Do(func(ctx context.Context, t *testing.T) {
				if tc.crd {
					install(ctx, t, &s)
				}
				junit := filepath.Join(t.TempDir(), "report.xml")
				r := start(ctx, t, &s, append(tc.args, "-o=json", "--junit="+junit)...)
				d := r.document(t)
				if r.status != 0 || d.Result != report.Passed || d.Summary.Skipped != 0 {
					t.Errorf("exit status %d, %s%s", r.status, text(t, d), r.stderr.String())
				}
				if !slices.Equal(d.Resources, tc.columns) {
					t.Errorf("the resources are %v, want %v", d.Resources, tc.columns)
				}
				if got := areas(d, report.StateNotClaimed); !slices.Equal(got, tc.unclaimed) {
					t.Errorf("not claimed are %v, want %v", got, tc.unclaimed)
				}
				if len(areas(d, report.StatePassed)) < 15 {
					t.Errorf("passed are only %v", areas(d, report.StatePassed))
				}
				if xml, err := os.ReadFile(junit); err != nil || !strings.Contains(string(xml), `failures="0" errors="0"`) {
					t.Errorf("--junit: %v: %s", err, xml)
				}
				expectClean(ctx, t, &s, d)
			})))
		})
	}
}

// outside are what features make outside of their namespaces.
var outside = []schema.GroupVersionResource{
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingadmissionpolicies"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingadmissionpolicybindings"},
	{Group: "topology.example.com", Version: "v1", Resource: "sites"},
}

// expectClean checks that nothing is left of a run: its namespaces are gone, and what was made outside of any namespace has one of
// another run that is still there.
func expectClean(ctx context.Context, t *testing.T, s *step.Session, d report.Document) {
	t.Helper()
	if d.Run == "" {
		t.Fatal("the report does not say what the run is called")
	}
	step.Eventually(ctx, t, 2*time.Minute, "everything to be gone", func(ctx context.Context) error {
		list, err := s.Kubernetes.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: step.RunLabel + "=" + d.Run})
		if err != nil {
			return err
		}
		if len(list.Items) > 0 {
			return fmt.Errorf("namespace %s is there, in phase %s", list.Items[0].Name, list.Items[0].Status.Phase)
		}
		for _, resource := range outside {
			objects, err := s.Dynamic.Resource(resource).List(ctx, metav1.ListOptions{LabelSelector: "annex-e2e"})
			if err != nil {
				return err
			}
			for _, object := range objects.Items {
				name := object.GetLabels()["annex-e2e"]
				if _, err := s.Kubernetes.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{}); err != nil {
					return fmt.Errorf("%s %s is there, and its namespace is not: %w", resource.Resource, object.GetName(), err)
				}
			}
		}
		return nil
	})
}

// TestKubectl is about a machine without kubectl.
func TestKubectl(t *testing.T) {
	t.Parallel()
	var s step.Session
	testenv.Test(t, features.New("the kit without kubectl").Setup(s.Open).Assess("skips what needs it", step.Do(func(ctx context.Context, t *testing.T) {
		r := start(ctx, t, &s, "--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "-o=json", "--feature=/(Tables|Objects)$", "--kubectl=/nowhere/kubectl")
		d := r.document(t)
		if r.status != 0 || d.Summary.Skipped == 0 || d.Summary.Passed == 0 {
			t.Errorf("exit status %d: %s", r.status, text(t, d))
		}
		for _, o := range d.Assessments {
			if o.Result == report.Skipped && o.Reason != "no kubectl" {
				t.Errorf("%s was skipped: %s", o.Assessment, o.Reason)
			}
		}
	})))
}

// TestClaims is about claims that are printed, and taken.
func TestClaims(t *testing.T) {
	t.Parallel()
	var s step.Session
	testenv.Test(t, features.New("the kit's claims").Setup(s.Open).Assess("what is printed can be claimed", step.Do(func(ctx context.Context, t *testing.T) {
		printed := start(ctx, t, &s, "claims", "--apiservice=v1.topology.example.com", "--sample=testdata/site.yaml")
		if printed.status != 0 {
			t.Fatalf("exit status %d: %s", printed.status, printed.stderr.String())
		}
		for _, want := range []string{"kind: Claims", "name: sites.v1.topology.example.com", "shortNames:\n  - st\n", "generation: true", "spec.region: eu-west", "immutable:", "invalid:"} {
			if !strings.Contains(printed.stdout.String(), want) {
				t.Errorf("%q is not in it:\n%s", want, printed.stdout.String())
			}
		}
		file := filepath.Join(t.TempDir(), "claims.yaml")
		if err := os.WriteFile(file, printed.stdout.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		r := start(ctx, t, &s, "--apiservice=v1.topology.example.com", "--claims="+file, "--feature=/(Discovery|Tables|Validation)$", "-o=json")
		if d := r.document(t); r.status != 0 || d.Summary.Passed == 0 {
			t.Errorf("exit status %d: %s", r.status, text(t, d))
		}
	})))
}
