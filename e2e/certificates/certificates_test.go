package certificates_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/yaml"

	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/certs/rotation"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension/extensiontest"
)

// Without the control plane's programs the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New())) }

// repairTime is how long a caBundle may be wrong.
const repairTime = 5 * time.Second

func TestReplicasShareOneAuthority(t *testing.T) {
	t.Parallel()
	c := start(t)
	controllers := make([]*rotation.Controller, 3)
	started := make(chan error)
	for i := range controllers {
		go func() {
			var err error
			controllers[i], err = rotation.New(c.config, replicaOptions())
			if err == nil {
				err = controllers[i].Prepare(t.Context())
			}
			started <- err
		}()
	}
	for range controllers {
		if err := <-started; err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		return
	}
	if n := distinct(controllers); n != 1 {
		t.Errorf("the replicas serve %d certificates, want 1", n)
	}
	if err := verify(controllers[0], c.secret(t).Data[rotation.BundleKey]); err != nil {
		t.Error(err)
	}
}

func TestBundleIsReconciled(t *testing.T) {
	t.Parallel()
	c := start(t)
	controllers := []*rotation.Controller{c.replica(t), c.replica(t), c.replica(t)}
	c.register(t)
	c.placed(t, controllers...)

	other, err := certs.NewAuthority("other", certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]map[string]any{
		"emptied":               {"caBundle": nil},
		"of another authority":  {"caBundle": other.CertificatePEM()},
		"insecureSkipTLSVerify": {"caBundle": nil, "insecureSkipTLSVerify": true},
	} {
		patch, err := json.Marshal(map[string]any{"spec": spec})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.aggregator.ApiregistrationV1().APIServices().Patch(t.Context(), apiService, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		_, took := c.placed(t, controllers...)
		t.Logf("%s: repaired after %s", name, took)
		if took > repairTime {
			t.Errorf("%s: repaired after %s, want at most %s", name, took, repairTime)
		}
	}

	// An APIService that is installed again.
	if err := c.aggregator.ApiregistrationV1().APIServices().Delete(t.Context(), apiService, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.register(t)
	if _, took := c.placed(t, controllers...); took > repairTime {
		t.Errorf("installed again: took %s, want at most %s", took, repairTime)
	}
}

// A replica that repairs must not be answered by another that repairs: the APIService comes to rest.
func TestReplicasDoNotFight(t *testing.T) {
	t.Parallel()
	c := start(t)
	controllers := []*rotation.Controller{c.replica(t), c.replica(t), c.replica(t)}
	c.register(t)
	object, _ := c.placed(t, controllers...)
	events, err := c.aggregator.ApiregistrationV1().APIServices().Watch(t.Context(), metav1.ListOptions{
		FieldSelector: "metadata.name=" + apiService, ResourceVersion: object.ResourceVersion,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	patch := []byte(`{"spec":{"caBundle":null}}`)
	if _, err := c.aggregator.ApiregistrationV1().APIServices().Patch(t.Context(), apiService, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	repaired, _ := c.placed(t, controllers...)
	// kube-apiserver writes the condition meanwhile; what counts is the specification.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	changes := map[int64]bool{}
	for {
		select {
		case event := <-events.ResultChan():
			if changed, ok := event.Object.(metav1.Object); ok && event.Type == watch.Modified {
				changes[changed.GetGeneration()] = true
			}
			continue
		case <-ctx.Done():
		}
		break
	}
	last, err := c.apiService(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if string(last.Spec.CABundle) != string(repaired.Spec.CABundle) {
		t.Error("caBundle changed again after it was repaired")
	}
	if len(changes) > 2+1 {
		t.Errorf("the specification changed %d times for one repair", len(changes))
	}
}

// Two servers of one Definition, each with an authority of its own: the APIService is that one's to which it leads.
func TestAnotherServersAPIServiceIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.applySecret(t, "other-certificates")
	c.replica(t, func(o *rotation.Options) { o.Service, o.Secret = "other", "other-certificates" })
	owner := c.replica(t)
	c.register(t)
	placed, _ := c.placed(t, owner)
	events, err := c.aggregator.ApiregistrationV1().APIServices().Watch(t.Context(), metav1.ListOptions{
		FieldSelector: "metadata.name=" + apiService, ResourceVersion: placed.ResourceVersion,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	rest := time.After(3 * time.Second)
	for {
		select {
		case event := <-events.ResultChan():
			if err := verify(owner, event.Object.(*apiregistrationv1.APIService).Spec.CABundle); err != nil {
				t.Fatal(err)
			}
			continue
		case <-rest:
		}
		break
	}
}

func TestDeletedSecretIsPutBack(t *testing.T) {
	t.Parallel()
	c := start(t)
	controllers := []*rotation.Controller{c.replica(t), c.replica(t)}
	c.register(t)
	before, _ := c.placed(t, controllers...)
	old := c.secret(t)
	if err := c.kubernetes.CoreV1().Secrets(namespace).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.applySecret(t, secretName)
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		secret, err := c.kubernetes.CoreV1().Secrets(namespace).Get(ctx, secretName, metav1.GetOptions{})
		return err == nil && secret.UID != old.UID && !rotation.Empty(secret), err
	})
	if err != nil {
		t.Fatal(err)
	}
	if string(c.secret(t).Data[rotation.BundleKey]) != string(before.Spec.CABundle) {
		t.Error("the Secret came back with another authority: what is served could not be verified for a while")
	}
}

func TestPrepareSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := start(t)
	theirs := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}, Data: map[string][]byte{"token": []byte("secret")}}
	if _, err := c.kubernetes.CoreV1().Secrets(namespace).Create(t.Context(), theirs, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		secret string
		want   []string
		waits  bool // until its time is up
	}{
		"no Secret":              {"missing", []string{`secrets "missing" not found`, "apply the server's manifests"}, true},
		"somebody else's Secret": {"theirs", []string{namespace + "/theirs", "it is of type Opaque, want " + string(rotation.SecretType)}, false},
	} {
		const patience = 5 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		began := time.Now()
		controller, err := rotation.New(c.config, replicaOptions(func(o *rotation.Options) { o.Secret = tc.secret }))
		if err != nil {
			t.Fatal(err)
		}
		err = controller.Prepare(ctx)
		cancel()
		if waited := time.Since(began) >= patience; waited != tc.waits {
			t.Errorf("%s: it waited: %t, want %t", name, waited, tc.waits)
		}
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %q", name, err, want)
			}
		}
	}
	left, err := c.kubernetes.CoreV1().Secrets(namespace).Get(t.Context(), "theirs", metav1.GetOptions{})
	if err != nil || string(left.Data["token"]) != "secret" || len(left.Data) != 1 {
		t.Errorf("somebody else's Secret was changed (%v)", err)
	}
}

// Manifests are applied in some order: the server may start before its rights are there.
func TestPrepareWaitsForRights(t *testing.T) {
	t.Parallel()
	c := start(t)
	config, err := c.plane.ConfigFor("ships")
	if err != nil {
		t.Fatal(err)
	}
	controller, err := rotation.New(config, replicaOptions())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	prepared := make(chan error, 1)
	go func() { prepared <- controller.Prepare(ctx) }()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Secrets(namespace).Get(ctx, secretName, metav1.GetOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("reading the Secret without rights: %v", err)
	}
	select {
	case err := <-prepared:
		t.Fatalf("without rights: got %v, want it to wait", err)
	case <-time.After(2 * time.Second): // Long enough for an attempt or two.
	}
	kind := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
	}
	// The very rules that manifests have.
	err = c.plane.Apply(ctx,
		&rbacv1.Role{TypeMeta: kind("Role"), ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ships"}, Rules: apiserver.NamespacedRules(service)},
		&rbacv1.RoleBinding{
			TypeMeta: kind("RoleBinding"), ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ships"},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "ships"},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "ships"}},
		})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-prepared; err != nil {
		t.Errorf("with rights: %v", err)
	}
	if rotation.Empty(c.secret(t)) {
		t.Error("the Secret is empty")
	}
}

// Whoever applies the manifests again, in any of kubectl's ways, leaves the certificates as they are.
func TestManifestIsAppliedAgain(t *testing.T) {
	t.Parallel()
	binaries, err := controlplane.FindBinaries()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := yaml.Marshal(deployment.Installation{Definition: definition.New(), Namespace: namespace, Service: service}.Certificates()[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string][]string{
		"client-side": nil, "server-side": {"--server-side"}, "server-side, by force": {"--server-side", "--force-conflicts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			if err := c.kubernetes.CoreV1().Secrets(namespace).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			apply := func(manifest []byte) {
				t.Helper()
				command := exec.CommandContext(t.Context(), binaries.Kubectl, append([]string{"--kubeconfig", c.plane.Kubeconfig(), "apply", "-f", "-"}, flags...)...)
				command.Stdin = bytes.NewReader(manifest)
				if out, err := command.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			apply(manifest)
			c.replica(t)
			before := c.secret(t)
			if rotation.Empty(before) || before.Labels["app.kubernetes.io/part-of"] != "annex" {
				t.Errorf("the Secret has %d keys, and labels %v", len(before.Data), before.Labels)
			}
			apply(manifest)
			apply(bytes.ReplaceAll(manifest, []byte("  labels:\n"), []byte("  labels:\n    changed: by-hand\n")))
			after := c.secret(t)
			if after.Labels["changed"] != "by-hand" {
				t.Errorf("the second manifest was not applied: %v", after.Labels)
			}
			if diff := cmp.Diff(before.Data, after.Data); diff != "" {
				t.Errorf("applied again: %s", diff)
			}
		})
	}
}

// Replicas in the middle of a rollout that changes their names come to rest with a certificate for all of them.
func TestReplicasOfDifferentNames(t *testing.T) {
	t.Parallel()
	c := start(t)
	named := func(domain string) func(*rotation.Options) {
		return func(o *rotation.Options) { o.Names = certs.ServiceNames(service, namespace, domain) }
	}
	controllers := []*rotation.Controller{c.replica(t, named("old.local")), c.replica(t, named("new.local"))}
	want := append(certs.ServiceNames(service, namespace, "old.local"), service+"."+namespace+".svc.new.local")
	var names []string
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		pair, err := (&certs.Pair{CertificatePEM: c.secret(t).Data[corev1.TLSCertKey], KeyPEM: c.secret(t).Data[corev1.TLSPrivateKeyKey]}).TLS()
		if err != nil {
			return false, nil // It was written between the two.
		}
		names = pair.Leaf.DNSNames
		return slices.Equal(names, want) && distinct(controllers) == 1, nil
	})
	if err != nil {
		t.Fatalf("the certificate is good for %v, want %v: %v", names, want, err)
	}
	events, err := c.kubernetes.CoreV1().Secrets(namespace).Watch(t.Context(), metav1.ListOptions{
		FieldSelector: "metadata.name=" + secretName, ResourceVersion: c.secret(t).ResourceVersion,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	select {
	case event := <-events.ResultChan():
		t.Errorf("the Secret changed again: %s", event.Type)
	case <-time.After(3 * time.Second):
	}
}

// Ten authorities in a minute or less, with three replicas: whatever is served at any time is verified by the caBundle of that
// time and of the time before.
func TestRotation(t *testing.T) {
	t.Parallel()
	const authorities = 10
	c := start(t)
	quickly := func(o *rotation.Options) {
		o.AuthorityValidity, o.ServingValidity, o.Propagation = 6*time.Second, 3*time.Second, 500*time.Millisecond
	}
	controllers := []*rotation.Controller{c.replica(t, quickly), c.replica(t, quickly), c.replica(t, quickly)}
	c.register(t)
	c.placed(t, controllers...)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	seen := map[string]bool{}
	for len(seen) <= authorities {
		object, err := c.apiService(ctx)
		if err != nil {
			t.Fatalf("after %d authorities: %v", len(seen), err)
		}
		signer, _, _ := strings.Cut(string(object.Spec.CABundle), "-----END")
		seen[signer] = true
		for i, controller := range controllers {
			if err := verify(controller, object.Spec.CABundle); err != nil {
				t.Errorf("replica %d, authority %d: %v", i, len(seen), err)
			}
		}
		if t.Failed() {
			return
		}
	}
}
