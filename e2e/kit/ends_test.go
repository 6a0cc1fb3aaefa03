package kit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"
	"sigs.k8s.io/yaml"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
)

// TestErrors is about what can't be tried: one line says why, and the exit status is 2.
func TestErrors(t *testing.T) {
	t.Parallel()
	const sample = "--sample=testdata/site.yaml"
	var s step.Session
	feature := features.New("the kit's errors").Setup(s.Open)
	for name, tc := range map[string]struct {
		args  []string
		file  string // its content is that of FILE
		wants []string
		rules []string // a line for each that is missing, these among them
	}{
		"nothing to try":                 {args: []string{sample}, wants: []string{"--apiservice, --crd or --resource"}},
		"a flag that is none":            {args: []string{"--apiservices=x"}, wants: []string{"unknown flag: --apiservices"}},
		"an output that is none":         {args: []string{"--resource=configmaps.v1", "-o=xml"}, wants: []string{"want table, wide, json or junit"}},
		"an APIService that is none":     {args: []string{"--apiservice=v1.topologie.example.com", sample}, wants: []string{"there is no APIService v1.topologie.example.com", "v1.topology.example.com"}},
		"a resource that is none":        {args: []string{"--resource=configmap.v1", "--sample=testdata/configmap.yaml"}, wants: []string{"does not serve configmap.v1", "configmaps.v1"}},
		"a custom resource that is none": {args: []string{"--crd=gizmos.example.com", sample}, wants: []string{"does not serve gizmos.example.com"}},
		"a sample of another kind":       {args: []string{"--apiservice=v1.topology.example.com", "--sample=testdata/configmap.yaml"}, wants: []string{"testdata/configmap.yaml", "ConfigMap", "[Site]"}},
		"no sample":                      {args: []string{"--apiservice=v1.topology.example.com"}, wants: []string{"no sample of kind Site was given"}},
		"a sample that is refused": {
			args: []string{"--apiservice=v1.topology.example.com", "--sample=FILE"}, file: "apiVersion: topology.example.com/v1\nkind: Site\nspec: {region: Not A Name}\n",
			wants: []string{"the sample of sites.v1.topology.example.com was refused", "spec.region"},
		},
		"a sample with a typing error": {
			args: []string{"--resource=configmaps.v1", "--sample=FILE"}, file: "apiVersion: v1\nkind: ConfigMap\ndatum: {}\n",
			wants: []string{"was refused", `unknown field "datum"`},
		},
		"claims with a typing error": {
			args: []string{"--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "--claims=FILE"}, file: "apiVersion: conformance.annex.example.com/v1\nkind: Claims\nresources: [{name: x, verb: []}]\n",
			wants: []string{"reading claims from", `unknown field "verb"`},
		},
		"a feature that is none": {args: []string{"--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "--feature=Wotches"}, wants: []string{"selects none", "configmaps.v1./Watches"}},
		"no cluster":             {args: []string{"--kubeconfig=NOWHERE", "--context=", "--resource=configmaps.v1", "--sample=testdata/configmap.yaml"}, wants: []string{"reaching the cluster at https://127.0.0.1:1", "connection refused"}},
		"no rights": {args: []string{"--kubeconfig=POWERLESS", "--context=", "--resource=configmaps.v1", "--sample=testdata/configmap.yaml"}, wants: []string{"you lack rights"}, rules: []string{
			`{apiGroups: [""], resources: ["namespaces"], verbs: ["create", "delete", "get", "list"]}`,
			`{apiGroups: [""], resources: ["users"], verbs: ["impersonate"]}`,
			`{apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingadmissionpolicies"], verbs: ["create", "delete", "list"]}`,
		}},
		"rights to read": {args: []string{"--kubeconfig=READER", "--context=", "--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "--feature=/Lists$"}, wants: []string{"you lack rights"}, rules: []string{
			`{apiGroups: [""], resources: ["namespaces"], verbs: ["create", "delete"]}`,
			`{apiGroups: [""], resources: ["configmaps"], verbs: ["create", "delete", "deletecollection", "patch", "update"]}`,
		}},
		"a token that is none":     {args: []string{"--kubeconfig=NOBODY", "--context=", "--resource=configmaps.v1", "--sample=testdata/configmap.yaml"}, wants: []string{"the server has asked for the client to provide credentials"}},
		"a file for no report":     {args: []string{"--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "--junit=/nowhere/report.xml"}, wants: []string{"--junit", "/nowhere/report.xml"}},
		"no feature at once":       {args: []string{"--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "--parallel=0"}, wants: []string{"--parallel=0: want 1 or more"}},
		"no time":                  {args: []string{"--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "--timeout=0s"}, wants: []string{"--timeout=0s: want more than 0s"}},
		"a sample that is none":    {args: []string{"--resource=configmaps.v1", "--sample=FILE"}, file: "[1, 2]\n", wants: []string{"there is something in it that is no object"}},
		"a sample that is no YAML": {args: []string{"--resource=configmaps.v1", "--sample=FILE"}, file: "a: b: c\n", wants: []string{"reading", "yaml"}},
		"an empty sample":          {args: []string{"--resource=configmaps.v1", "--sample=FILE"}, file: "# nothing\n", wants: []string{"there is no object in it"}},
		"a resource that others write": {
			args: []string{"--resource=nodes.v1", "--sample=FILE"}, file: "apiVersion: v1\nkind: Node\nmetadata: {name: one}\nspec: {}\n",
			wants: []string{"nothing to try: nodes.v1", "each new object is written by kube-controller-manager"},
		},
	} {
		feature.Assess(name, step.Do(func(ctx context.Context, t *testing.T) {
			args := strings.Join(tc.args, "\n")
			for word, value := range map[string]func() string{
				"FILE": func() string {
					file := filepath.Join(t.TempDir(), "file.yaml")
					if err := os.WriteFile(file, []byte(tc.file), 0o600); err != nil {
						t.Fatal(err)
					}
					return file
				},
				"NOWHERE":   func() string { return kubeconfig(t, clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}, "x") },
				"POWERLESS": func() string { return kubeconfig(t, clusterOf(&s), account(ctx, t, &s, "")) },
				"READER":    func() string { return kubeconfig(t, clusterOf(&s), account(ctx, t, &s, "view")) },
				"NOBODY":    func() string { return kubeconfig(t, clusterOf(&s), "no-such-token") },
			} {
				if strings.Contains(args, word) {
					args = strings.ReplaceAll(args, word, value())
				}
			}
			r := start(ctx, t, &s, strings.Split(args, "\n")...)
			said := r.stderr.String()
			if r.status != 2 || r.stdout.Len() > 0 {
				t.Errorf("exit status %d, and on standard output %q", r.status, r.stdout.String())
			}
			for _, want := range tc.wants {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in it: %s", want, said)
				}
			}
			lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
			for _, rule := range tc.rules {
				if !slices.Contains(lines, "- "+rule) {
					t.Errorf("the rule %s is not in it: %s", rule, said)
				}
			}
			if len(tc.rules) > 0 {
				said = lines[0] + "\n"
			}
			if strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "annex-conformance: ") {
				t.Errorf("it is not one line: %s", said)
			}
		}))
	}
	testenv.Test(t, feature)
}

// clusterOf is the cluster of a session, for a kubeconfig.
func clusterOf(s *step.Session) clientcmdapi.Cluster {
	return clientcmdapi.Cluster{Server: s.Config.Host, CertificateAuthority: s.Config.CAFile, CertificateAuthorityData: s.Config.CAData}
}

// TestRights is about somebody who has the rights that the program asks for, and no others.
func TestRights(t *testing.T) {
	t.Parallel()
	var s step.Session
	testenv.Test(t, features.New("the kit's rights").Setup(s.Open).Assess("those that it asks for are enough", step.Do(func(ctx context.Context, t *testing.T) {
		roles := s.Kubernetes.RbacV1().ClusterRoles()
		// What is to be tried must be read before it is known what that takes.
		role, err := roles.Create(ctx, &rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-kit-"},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"apiregistration.k8s.io"}, Resources: []string{"apiservices"}, Verbs: []string{"get"}}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := step.CleanupContext(ctx)
			defer cancel()
			if err := roles.Delete(ctx, role.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
		args := []string{
			"--kubeconfig=" + kubeconfig(t, clusterOf(&s), account(ctx, t, &s, role.Name)), "--context=",
			"--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "--resource=podtemplates.v1", "--sample=testdata/podtemplate.yaml",
			"--apiservice=v1.topology.example.com", "--sample=testdata/site.yaml", "-o=json",
		}
		var refused *run
		step.Eventually(ctx, t, time.Minute, "the right to read the APIService to count", func(ctx context.Context) error {
			if refused = start(ctx, t, &s, args...); strings.Contains(refused.stderr.String(), "reading APIService") {
				return errors.New(refused.stderr.String())
			}
			return nil
		})
		for line := range strings.Lines(refused.stderr.String()) {
			if text, ok := strings.CutPrefix(line, "- "); ok {
				var rule rbacv1.PolicyRule
				if err := yaml.UnmarshalStrict([]byte(text), &rule); err != nil {
					t.Fatalf("reading the rule %s: %v", text, err)
				}
				role.Rules = append(role.Rules, rule)
			}
		}
		if refused.status != 2 || len(role.Rules) < 2 {
			t.Fatalf("exit status %d: %s", refused.status, refused.stderr.String())
		}
		if _, err := roles.Update(ctx, role, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		var r *run
		step.Eventually(ctx, t, 5*time.Minute, "the rights to count", func(ctx context.Context) error {
			if r = start(ctx, t, &s, args...); r.status == 2 {
				return fmt.Errorf("exit status %d: %s", r.status, r.stderr.String())
			}
			return nil
		})
		d := r.document(t)
		if r.status != 0 || d.Result != report.Passed {
			t.Errorf("exit status %d: %s", r.status, text(t, d))
		}
		expectClean(ctx, t, &s, d)
	})))
}

// TestUnavailable is about an APIService without a server. It takes part in discovery, so that others would suffer.
func TestUnavailable(t *testing.T) {
	var s step.Session
	testenv.Test(t, features.New("the kit without a server").Setup(s.Open).Assess("says that it is not Available", step.Do(func(ctx context.Context, t *testing.T) {
		framework.Need[framework.Disposable](ctx, t, "topology")
		services := s.Aggregator.ApiregistrationV1().APIServices()
		service, err := services.Create(ctx, &apiregistration.APIService{
			ObjectMeta: metav1.ObjectMeta{Name: "v1.e2e-kit-gone.example.com"},
			Spec: apiregistration.APIServiceSpec{
				Group: "e2e-kit-gone.example.com", Version: "v1", GroupPriorityMinimum: 1, VersionPriority: 1,
				Service: &apiregistration.ServiceReference{Namespace: s.Namespace, Name: "gone"},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := step.CleanupContext(ctx)
			defer cancel()
			if err := services.Delete(ctx, service.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
		step.Eventually(ctx, t, 30*time.Second, "the APIService to have a condition", func(ctx context.Context) error {
			r := start(ctx, t, &s, "--apiservice="+service.Name, "--sample=testdata/configmap.yaml")
			if want := "is not Available: ServiceNotFound"; r.status != 2 || !strings.Contains(r.stderr.String(), want) {
				return fmt.Errorf("exit status %d, %q, want %s", r.status, r.stderr.String(), want)
			}
			return nil
		})
	})))
}

// TestEnds is about runs that end before their time: they clean up, and give no verdict.
func TestEnds(t *testing.T) {
	t.Parallel()
	args := []string{"--apiservice=v1.topology.example.com", "--sample=testdata/site.yaml", "-o=json"}
	var s step.Session
	testenv.Test(t, features.New("the kit ends").Setup(s.Open).
		Assess("when time is up", step.Do(func(ctx context.Context, t *testing.T) {
			// What it asks before the first feature takes a few seconds at most; all the features, one by one, take minutes.
			r := start(ctx, t, &s, append(args, "--parallel=1", "--timeout=20s")...)
			d := r.document(t)
			if r.status != 2 || d.Result != report.Unfinished || d.Error != "--timeout=20s is over" {
				t.Errorf("exit status %d: %s", r.status, text(t, d))
			}
			if len(areas(d, report.StateFailed)) > 0 {
				t.Errorf("what was cut short has failed: %s", text(t, d))
			}
			expectClean(ctx, t, &s, d)
		})).
		Assess("when it is interrupted", step.Do(func(ctx context.Context, t *testing.T) {
			cmd := command(ctx, t, &s, append(args, "-v")...)
			temporary := t.TempDir()
			cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
			progress, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdout = out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(progress)
			if !lines.Scan() || !strings.HasPrefix(lines.Text(), "passed ") {
				t.Errorf("with -v it says %q", lines.Text())
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() { // To the end.
			}
			_ = cmd.Wait() // Its status is looked at.
			var r run
			r.status = cmd.ProcessState.ExitCode()
			if _, err := out.Seek(0, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := r.stdout.ReadFrom(out); err != nil {
				t.Fatal(err)
			}
			d := r.document(t)
			if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
				t.Errorf("left in TMPDIR are %v, %v", left, err)
			}
			if r.status != 130 || d.Error != "interrupted (interrupt)" || d.Result != report.Unfinished {
				t.Errorf("exit status %d: %s", r.status, text(t, d))
			}
			expectClean(ctx, t, &s, d)
		})))
}
