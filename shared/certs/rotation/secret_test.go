package rotation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/certs/rotation"
)

// encode is the Secret that manifests have, with a state.
func encode(t *testing.T, o rotation.Options, state *rotation.State) *corev1.Secret {
	t.Helper()
	secret := rotation.EmptySecret(metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Secret})
	if err := state.Encode(secret); err != nil {
		t.Fatal(err)
	}
	return secret
}

// phases are a state in each phase.
func phases(t *testing.T, c *clock, o rotation.Options) map[string]*rotation.State {
	t.Helper()
	states := map[string]*rotation.State{}
	state, err := rotation.NewState(o)
	for _, phase := range []string{"steady", "introducing", "retiring"} {
		if err != nil {
			t.Fatal(err)
		}
		states[phase] = state
		c.now = c.now.Add(200 * time.Hour)
		if phase == "introducing" {
			c.now = c.now.Add(-199 * time.Hour)
		}
		state, _, err = state.Step(o, time.Hour)
	}
	if states["introducing"].Next == nil || states["retiring"].Previous == nil {
		t.Fatal("the states are not those that the test is about")
	}
	return states
}

func TestSecret(t *testing.T) {
	t.Parallel()
	c := &clock{start}
	o := options(c)
	for phase, state := range phases(t, c, o) {
		secret := encode(t, o, state)
		if string(secret.Data[rotation.BundleKey]) != string(state.Bundle()) {
			t.Errorf("%s: %s is not the bundle", phase, rotation.BundleKey)
		}
		got, err := rotation.Decode(secret, o)
		if err != nil {
			t.Errorf("%s: %v", phase, err)
		} else if !got.Equal(state) {
			t.Errorf("%s: it came back as another state", phase)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	c := &clock{start}
	o := options(c)
	state, err := rotation.NewState(o)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rotation.NewState(o)
	if err != nil {
		t.Fatal(err)
	}
	otherSecret := encode(t, o, other)
	for name, change := range map[string]func(map[string][]byte){
		"empty":         func(data map[string][]byte) { clear(data) },
		"another's key": func(data map[string][]byte) { data["signer.key"] = otherSecret.Data["signer.key"] },
		"another's pair": func(data map[string][]byte) {
			data["tls.crt"], data["tls.key"] = otherSecret.Data["tls.crt"], otherSecret.Data["tls.key"]
		},
		"next without key":     func(data map[string][]byte) { data["next.crt"] = otherSecret.Data["signer.crt"] },
		"garbage for previous": func(data map[string][]byte) { data["previous.crt"] = []byte("garbage") },
	} {
		secret := encode(t, o, state)
		change(secret.Data)
		_, err = rotation.Decode(secret, o)
		if err == nil || !strings.Contains(err.Error(), "annex-system/capacity-certificates") {
			t.Errorf("%s: got %v, want an error that names the Secret", name, err)
		}
	}
}

// A Secret of ours that somebody else uses, too.
func TestEncodeKeepsWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	c := &clock{start}
	o := options(c)
	all := phases(t, c, o)
	secret := encode(t, o, all["introducing"])
	secret.Labels, secret.Finalizers = map[string]string{"theirs": "x"}, []string{"example.com/theirs"}
	secret.OwnerReferences = []metav1.OwnerReference{{Name: "owner"}}
	secret.Data["theirs"] = []byte("x")
	want := secret.DeepCopy()
	if err := all["retiring"].Encode(secret); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.ObjectMeta, secret.ObjectMeta); diff != "" || secret.Type != want.Type {
		t.Errorf("metadata: %s", diff)
	}
	if string(secret.Data["theirs"]) != "x" {
		t.Error("their key is gone")
	}
	if _, ok := secret.Data["next.key"]; ok {
		t.Error("a key of the state before is still there")
	}
	if got, err := rotation.Decode(secret, o); err != nil || !got.Equal(all["retiring"]) {
		t.Errorf("it came back as another state (%v)", err)
	}
}

func TestSecretOfAnotherType(t *testing.T) {
	t.Parallel()
	for _, data := range []map[string][]byte{nil, {"tls.crt": nil, "tls.key": nil}} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "s"}, Type: corev1.SecretTypeTLS, Data: data}
		if rotation.Empty(secret) {
			t.Error("a Secret of another type could be filled")
		}
		_, err := rotation.Decode(secret, options(&clock{start}))
		if err == nil || !strings.Contains(err.Error(), "n/s: it is of type kubernetes.io/tls, want annex.example.com/certificates") {
			t.Errorf("got %v, want an error with both types", err)
		}
	}
	theirs := rotation.EmptySecret(metav1.ObjectMeta{})
	theirs.Data = map[string][]byte{"theirs": []byte("x")}
	if !rotation.Empty(theirs) {
		t.Error("keys of others are in the way")
	}
}
