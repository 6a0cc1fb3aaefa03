package rotation_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"example.com/annex/shared/certs/rotation"
)

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
		secret, err := state.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		if secret.Namespace != o.Namespace || secret.Name != o.Secret || secret.Type != corev1.SecretTypeTLS {
			t.Errorf("%s: %s/%s of type %s", phase, secret.Namespace, secret.Name, secret.Type)
		}
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
	otherSecret, err := other.Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(map[string][]byte){
		"empty":         func(data map[string][]byte) { clear(data) },
		"another's key": func(data map[string][]byte) { data["signer.key"] = otherSecret.Data["signer.key"] },
		"another's pair": func(data map[string][]byte) {
			data["tls.crt"], data["tls.key"] = otherSecret.Data["tls.crt"], otherSecret.Data["tls.key"]
		},
		"next without key":     func(data map[string][]byte) { data["next.crt"] = otherSecret.Data["signer.crt"] },
		"garbage for previous": func(data map[string][]byte) { data["previous.crt"] = []byte("garbage") },
	} {
		secret, err := state.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		change(secret.Data)
		_, err = rotation.Decode(secret, o)
		if err == nil || !strings.Contains(err.Error(), "annex-system/capacity-certificates") {
			t.Errorf("%s: got %v, want an error that names the Secret", name, err)
		}
	}
}
