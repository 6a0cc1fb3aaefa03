package embedded_test

import (
	"bytes"
	"context"
	"testing"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/topology/v1"
	v1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/servers/topology/definition"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
)

// TestStorageMediaType: objects are stored in protobuf, unless JSON is asked for, and servers of either setting read what those of
// the other wrote.
func TestStorageMediaType(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	prefix := apiserver.DefaultStoragePrefix + "/" + rand.String(10)
	start := func(flags ...string) (typed.SiteInterface, *apiservertest.Server) {
		t.Helper()
		server := apiservertest.Start(t, definition.New(), cluster, func(o *apiserver.Options) {
			if err := o.Parse(flags); err != nil {
				t.Fatal(err)
			}
			o.Etcd.StorageConfig.Prefix = prefix
		})
		clients, err := versioned.NewForConfig(server.Config)
		if err != nil {
			t.Fatal(err)
		}
		return clients.TopologyV1().Sites(), server
	}
	site := func(name string) *v1.Site {
		return &v1.Site{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.SiteSpec{Region: "eu-west", Capacity: v1.SiteCapacity{Slots: 4}}}
	}
	const (
		json     = "{"
		protobuf = "k8s\x00"
	)

	sites, server := start("--storage-media-type=application/json")
	if _, err := sites.Create(ctx, site("old"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	expectStored(ctx, t, prefix, "old", json)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}

	sites, server = start()
	if _, err := sites.Create(ctx, site("new"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	expectStored(ctx, t, prefix, "new", protobuf)
	expectStored(ctx, t, prefix, "old", json)
	old, err := sites.Get(ctx, "old", metav1.GetOptions{})
	if err != nil || old.Spec.Capacity.Slots != 4 {
		t.Fatalf("read %+v, %v, want what was stored as JSON", old, err)
	}
	old.Spec.Capacity.Slots = 5
	if _, err := sites.Update(ctx, old, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	expectStored(ctx, t, prefix, "old", protobuf)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}

	sites, _ = start("--storage-media-type=application/json")
	list, err := sites.List(ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) != 2 || list.Items[1].Spec.Capacity.Slots != 5 {
		t.Errorf("listed %+v, %v, want the two that were stored in protobuf", list, err)
	}
}

// expectStored checks what the bytes of an object in etcd begin with.
func expectStored(ctx context.Context, t *testing.T, prefix, name, want string) {
	t.Helper()
	if got := stored(ctx, t, prefix, name); !bytes.HasPrefix(got, []byte(want)) {
		t.Errorf("etcd has %q for %s, want what begins with %q", got, name, want)
	}
}

// stored are the bytes of a Site in etcd.
func stored(ctx context.Context, t *testing.T, prefix, name string) []byte {
	t.Helper()
	options, err := apiserver.NewOptions(definition.New())
	if err != nil {
		t.Fatal(err)
	}
	if err := options.Parse(cluster.StorageFlags); err != nil {
		t.Fatal(err)
	}
	etcd := options.Etcd.StorageConfig.Transport
	tls, err := transport.TLSInfo{CertFile: etcd.CertFile, KeyFile: etcd.KeyFile, TrustedCAFile: etcd.TrustedCAFile}.ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: etcd.ServerList, TLS: tls})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	key := prefix + "/topology.example.com/sites/" + name
	response, err := client.Get(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if len(response.Kvs) != 1 {
		t.Fatalf("etcd has %d objects at %s", len(response.Kvs), key)
	}
	return response.Kvs[0].Value
}
