package deploy_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	auditpolicy "k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"

	"example.com/annex/deploy"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/deploy/manifests"
)

// everything calls check with what is rendered for each server in each overlay: as it is, with each component that can be added, with
// all of them at once, and with each storage.
func everything(t *testing.T, check func(t *testing.T, server apiserver.Definition, options manifests.Options, objects []unstructured.Unstructured)) {
	t.Helper()
	all, err := manifests.Everything(deploy.Files)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 3*3*2 {
		t.Errorf("%d things can be deployed: where are the others?", len(all))
	}
	for _, options := range all {
		servers, err := manifests.Named(options.Server)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(options.String(), func(t *testing.T) {
			t.Parallel()
			objects, err := manifests.Render(deploy.Files, options)
			if err != nil {
				t.Fatal(err)
			}
			check(t, servers[0], options, objects)
		})
	}
}

// placeholder is what components call the server before they know its name.
var placeholder = regexp.MustCompile(`(^|annex[-:])server($|[-.:])`)

func TestObjects(t *testing.T) {
	t.Parallel()
	everything(t, func(t *testing.T, server apiserver.Definition, _ manifests.Options, objects []unstructured.Unstructured) {
		for _, o := range objects {
			name := o.GetKind() + " " + o.GetName()
			labels := o.GetLabels()
			owner := server.Name
			if o.GetKind() == "Namespace" {
				owner = "annex"
			}
			for label, want := range map[string]string{deployment.NameLabel: owner, deployment.PartOfLabel: "annex", deployment.ManagedByLabel: "annex"} {
				if labels[label] != want {
					t.Errorf("%s: label %s is %q, want %q", name, label, labels[label], want)
				}
			}
			visit(o.Object, func(path, value string) {
				if placeholder.MatchString(value) && !strings.HasSuffix(path, ".containers.name") {
					t.Errorf("%s: %s is %q: a component does not put the server's name there", name, path, value)
				}
				if strings.HasSuffix(path, ".image") && (!strings.Contains(value, ":") || strings.HasSuffix(value, ":latest")) {
					t.Errorf("%s: image %s: want a tag, and not latest, which is another one every day", name, value)
				}
			})
			if insecure, _, _ := unstructured.NestedBool(o.Object, "spec", "insecureSkipTLSVerify"); insecure {
				t.Errorf("%s: insecureSkipTLSVerify", name)
			}
		}
	})
}

// visit calls f with every string of a value, and the fields that lead there.
func visit(value any, f func(path, value string)) { visitAt("", value, f) }

func visitAt(path string, value any, f func(path, value string)) {
	switch v := value.(type) {
	case map[string]any:
		for key, value := range v {
			visitAt(path+"."+key, value, f)
		}
	case []any:
		for _, value := range v {
			visitAt(path, value, f)
		}
	case string:
		f(path, v)
	}
}

// TestArguments has the servers' own flags read what the manifests say.
func TestArguments(t *testing.T) {
	t.Parallel()
	everything(t, func(t *testing.T, server apiserver.Definition, o manifests.Options, objects []unstructured.Unstructured) {
		workload := workloadOf(t, objects)
		if workload == nil {
			if o.Overlay != "local" {
				t.Error("there is no Deployment")
			}
			return
		}
		options, err := apiserver.NewOptions(server)
		if err != nil {
			t.Fatal(err)
		}
		args := workload.Spec.Template.Spec.Containers[0].Args
		if err := options.Parse(args); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		// Files are found where something is mounted.
		for _, arg := range args {
			_, path, _ := strings.Cut(arg, "=")
			if strings.HasPrefix(path, "/") && !slices.ContainsFunc(mounts(workload), func(dir string) bool { return strings.HasPrefix(path+"/", dir+"/") }) {
				t.Errorf("%s: nothing is mounted there", arg)
			}
		}
		grace := *workload.Spec.Template.Spec.TerminationGracePeriodSeconds
		if delay := options.Serving.ShutdownDelayDuration; delay == 0 || grace < int64((delay+options.Serving.RequestTimeout+options.Serving.ShutdownWatchTerminationGracePeriod).Seconds()) {
			t.Errorf("terminationGracePeriodSeconds is %d: a shutdown may take longer, after --shutdown-delay-duration=%s", grace, delay)
		}
		if replicas := *workload.Spec.Replicas; replicas > 1 && options.Serving.GoawayChance == 0 {
			t.Errorf("%d replicas, and no --goaway-chance: one would get all requests", replicas)
		}
	})
}

// workloadOf is the Deployment, read strictly, or nil.
func workloadOf(t *testing.T, objects []unstructured.Unstructured) *appsv1.Deployment {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() == "Deployment" {
			var workload appsv1.Deployment
			if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, &workload, true); err != nil {
				t.Fatal(err)
			}
			return &workload
		}
	}
	return nil
}

func mounts(workload *appsv1.Deployment) []string {
	var paths []string
	for _, mount := range workload.Spec.Template.Spec.Containers[0].VolumeMounts {
		paths = append(paths, mount.MountPath)
	}
	return paths
}

func TestAuditPolicy(t *testing.T) {
	t.Parallel()
	policy, err := auditpolicy.LoadPolicyFromFile("components/audit/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(policy.Rules) == 0 {
		t.Error("it has no rules")
	}
}

func TestEncryptionConfiguration(t *testing.T) {
	t.Parallel()
	content, err := deploy.Files.ReadFile("components/encryption/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), "secret: KEY\n") {
		t.Fatal("it has a key in it, or no place for one")
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	if err := os.WriteFile(file, []byte(strings.Replace(string(content), "secret: KEY\n", "secret: "+key+"\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := encryptionconfig.LoadEncryptionConfig(t.Context(), file, false, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range manifests.Servers() {
		for _, group := range server.Groups {
			for _, r := range group.Resources {
				// As the server's storage asks (k8s.io/apiserver/pkg/server/options/encryptionconfig.StaticTransformers).
				transformer := encryptionconfig.StaticTransformers(config.Transformers).TransformerForResource(schema.GroupResource{Group: group.Name, Resource: r.Name()})
				stored, err := transformer.TransformToStorage(t.Context(), []byte("plain"), value.DefaultContext("context"))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(stored), "plain") {
					t.Errorf("%s.%s is stored as it is", r.Name(), group.Name)
				}
			}
		}
	}
}

// TestSecretOfCertificates: who makes its own certificates keeps them in a Secret; to whom cert-manager gives them has no right to it.
func TestSecretOfCertificates(t *testing.T) {
	t.Parallel()
	everything(t, func(t *testing.T, _ apiserver.Definition, o manifests.Options, objects []unstructured.Unstructured) {
		own, reader := 0, false
		for _, object := range objects {
			switch {
			case object.GetKind() == "Role", object.GetKind() == "RoleBinding" && object.GetNamespace() == deployment.DefaultNamespace:
				own++
			case object.GetKind() == "RoleBinding" && object.GetNamespace() == metav1.NamespaceSystem:
				reader = true
			}
		}
		want := 2
		if slices.Contains(o.Components, "cert-manager") {
			want = 0
		}
		if own != want {
			t.Errorf("%d Roles and RoleBindings in its namespace, want %d", own, want)
		}
		if !reader {
			t.Error("it may not read how to know kube-apiserver")
		}
	})
}
