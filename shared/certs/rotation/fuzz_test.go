package rotation_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/certs/rotation"
)

// secretKeys are all that a state is read from, in the order of the fuzz target's arguments.
var secretKeys = []string{"signer.crt", "signer.key", "tls.crt", "tls.key", "next.crt", "next.key", "previous.crt"}

// FuzzDecode reads a Secret that somebody may have changed; an entry that is empty is not there. What is accepted can be written,
// read once more, and moved on.
func FuzzDecode(f *testing.F) {
	c := &clock{start}
	o := options(c)
	state, err := rotation.NewState(o)
	for range 3 { // steady, introducing, retiring
		if err != nil {
			f.Fatal(err)
		}
		secret := emptySecret(o)
		if err := state.Encode(secret); err != nil {
			f.Fatal(err)
		}
		d := secret.Data
		f.Add(d["signer.crt"], d["signer.key"], d["tls.crt"], d["tls.key"], d["next.crt"], d["next.key"], d["previous.crt"])
		f.Add(d["signer.crt"], d["signer.key"], append(d["tls.crt"], d["signer.crt"]...), d["tls.key"], d["signer.crt"], d["signer.key"], d["tls.crt"])
		f.Add(d["tls.crt"], d["tls.key"], d["signer.crt"], d["signer.key"], d["next.key"], d["next.crt"], []byte("garbage"))
		c.now = c.now.Add(200 * time.Hour)
		if state, _, err = state.Step(o, time.Hour); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, signer, signerKey, serving, servingKey, next, nextKey, previous []byte) {
		data := map[string][]byte{}
		for i, value := range [][]byte{signer, signerKey, serving, servingKey, next, nextKey, previous} {
			if len(value) > 0 {
				data[secretKeys[i]] = value
			}
		}
		o := options(&clock{start})
		secret := emptySecret(o)
		secret.Data = data
		state, err := rotation.Decode(secret, o)
		if err != nil {
			return
		}
		secret = emptySecret(o)
		if err := state.Encode(secret); err != nil {
			t.Fatalf("writing what was read: %v", err)
		}
		again, err := rotation.Decode(secret, o)
		if err != nil {
			t.Fatalf("reading once more what was written: %v", err)
		}
		if !state.Equal(again) {
			t.Error("written and read once more, it is another state")
		}
		state.Due(o, start)
		if _, _, err := state.Step(o, time.Hour); err != nil && err.Error() == "" {
			t.Error("the step failed, and nothing says why")
		}
	})
}

func emptySecret(o rotation.Options) *corev1.Secret {
	return rotation.EmptySecret(metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Secret})
}
