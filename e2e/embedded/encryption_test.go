package embedded_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilrand "k8s.io/apimachinery/pkg/util/rand"

	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/topology/v1"
	v1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/servers/topology/definition"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
)

// TestEncryptionAtRest goes from no encryption to one key and on to another, as an administrator does with
// --encryption-provider-config: what is written is encrypted with the first provider, what was written is read with the others, and
// once all is written anew the old key can go.
func TestEncryptionAtRest(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	prefix := apiserver.DefaultStoragePrefix + "/" + utilrand.String(10)
	const secret = "an-annotation-that-nobody-may-read-in-etcd"
	key := func(provider, name string) string {
		random := make([]byte, 32)
		if _, err := rand.Read(random); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("  - %s: {keys: [{name: %s, secret: %s}]}\n", provider, name, base64.StdEncoding.EncodeToString(random))
	}
	identity, first, second := "  - identity: {}\n", key("aescbc", "first"), key("secretbox", "second")
	sitesOf := func(server *apiservertest.Server) typed.SiteInterface {
		t.Helper()
		clients, err := versioned.NewForConfig(server.Config)
		if err != nil {
			t.Fatal(err)
		}
		return clients.TopologyV1().Sites()
	}
	var server *apiservertest.Server
	const encrypted = "k8s:enc:"
	for _, phase := range []struct {
		name      string
		providers string
		// begins is what an object that is written in this phase begins with.
		begins string
	}{
		{"identity", identity, "k8s\x00"},
		{"first", first + identity, encrypted + "aescbc:v1:first:"},
		{"second", second + first, encrypted + "secretbox:v1:second:"},
		{"second-alone", second, encrypted + "secretbox:v1:second:"},
	} {
		if server != nil {
			if err := server.Stop(); err != nil {
				t.Fatal(err)
			}
		}
		config := filepath.Join(t.TempDir(), "encryption.yaml")
		if err := os.WriteFile(config, []byte("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [sites.topology.example.com]\n  providers:\n"+phase.providers), 0o600); err != nil {
			t.Fatal(err)
		}
		server = apiservertest.Start(t, definition.New(), cluster, func(o *apiserver.Options) {
			if err := o.Parse([]string{"--encryption-provider-config=" + config}); err != nil {
				t.Fatal(err)
			}
			o.Etcd.StorageConfig.Prefix = prefix
		})
		sites := sitesOf(server)
		// What was there before can be read, and is written anew.
		list, err := sites.List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatalf("%s: reading what was written before: %v", phase.name, err)
		}
		for _, site := range list.Items {
			before := stored(ctx, t, prefix, site.Name)
			site.Spec.Capacity.Slots++
			if _, err := sites.Update(ctx, &site, metav1.UpdateOptions{}); err != nil {
				t.Fatalf("%s: writing %s anew: %v", phase.name, site.Name, err)
			}
			if bytes.Equal(before, stored(ctx, t, prefix, site.Name)) {
				t.Errorf("%s: %s was not written", phase.name, site.Name)
			}
		}
		if _, err := sites.Create(ctx, &v1.Site{
			ObjectMeta: metav1.ObjectMeta{Name: phase.name, Annotations: map[string]string{"secret": secret}},
			Spec:       v1.SiteSpec{Region: "eu-west", Capacity: v1.SiteCapacity{Slots: 4}},
		}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if list, err = sites.List(ctx, metav1.ListOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, site := range list.Items {
			if site.Annotations["secret"] != secret {
				t.Errorf("%s: %s came back as %v", phase.name, site.Name, site.Annotations)
			}
			expectStored(ctx, t, prefix, site.Name, phase.begins)
			plain := bytes.Contains(stored(ctx, t, prefix, site.Name), []byte(secret))
			if want := phase.name == "identity"; plain != want {
				t.Errorf("%s: the annotation of %s stands in etcd in plain text: %t, want %t", phase.name, site.Name, plain, want)
			}
		}
		t.Logf("%s: %d objects read, written and encrypted as they should be", phase.name, len(list.Items))
	}
}
