package certificates_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/certs/rotation"
	"example.com/annex/tools/controlplane/extension/extensiontest"
)

// Without the control plane's programs the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New)) }

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
			controllers[i], err = rotation.New(c.config, rotation.Options{
				Namespace: namespace, Secret: secretName, Authority: service, Names: certs.ServiceNames(service, namespace, ""), Service: service,
			})
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
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		secret, err := c.kubernetes.CoreV1().Secrets(namespace).Get(ctx, secretName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil && secret.UID != old.UID, err
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
	options := rotation.Options{Namespace: "missing", Secret: secretName, Authority: service, Names: certs.ServiceNames(service, namespace, ""), Service: service}
	prepare := func(config func() *rotation.Controller) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return config().Prepare(ctx)
	}
	controller, err := rotation.New(c.config, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(func() *rotation.Controller { return controller }); err == nil || !strings.Contains(err.Error(), `namespaces "missing" not found`) {
		t.Errorf("no namespace: %v", err)
	}

	options.Namespace = namespace
	secret := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": secretName}, "data": map[string]any{"token": "c2VjcmV0"}}
	body, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.kubernetes.CoreV1().RESTClient().Post().Namespace(namespace).Resource("secrets").Body(body).SetHeader("Content-Type", "application/json").Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	if controller, err = rotation.New(c.config, options); err != nil {
		t.Fatal(err)
	}
	if err := prepare(func() *rotation.Controller { return controller }); err == nil || !strings.Contains(err.Error(), namespace+"/"+secretName) {
		t.Errorf("somebody else's Secret: %v", err)
	}
	if string(c.secret(t).Data["token"]) != "secret" {
		t.Error("somebody else's Secret was changed")
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
