package rollout_test

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/e2e/load"
	"example.com/annex/e2e/load/reservations"
	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
)

// Without the control plane's programs the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New())) }

const (
	// count is how many replicas there are.
	count = 3
	// perSecond is how many requests are made.
	perSecond = 100
	// settling is how long requests go on before and after the rollout.
	settling = 2 * time.Second
)

// TestRollout starts three replicas at once in a cluster that has never seen the server, and replaces each by a new one under load.
func TestRollout(t *testing.T) {
	plane := controlplanetest.Start(t, controlplane.Options{AggregatorRouting: true})
	server := extensiontest.New(t, extension.Options{
		Plane:            plane,
		Installation:     deployment.Installation{Definition: definition.New()},
		SelfCertificates: true,
		// There is no topology here, and sites are not the subject. The delay is for kube-apiserver to hear that a replica is ending.
		Args: []string{"--disable-admission-plugins=SiteCheck", "--shutdown-delay-duration=5s"},
	})
	client, err := kubernetes.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	r := &replicas{plane: plane, server: server, client: client}
	take(t, server, extension.CheckAggregator, extension.CreateIdentity, extension.GrantServerAccess)
	running := r.start(t, count)
	oneAuthority(t, plane, running)

	take(t, server, extension.GrantUserAccess)
	r.service(t)
	for _, replica := range running {
		r.publish(t, replica)
	}
	take(t, server, extension.RegisterAPIService, extension.WaitAvailable, extension.WaitPublished)

	seen := reservations.Follow(t, plane.RESTConfig())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	requests := &reservations.Requests{}
	result := make(chan load.Outcome, 1)
	go func() {
		result <- load.Load{PerSecond: perSecond, Workers: 50, Request: requests.Make(t, plane.RESTConfig())}.Run(ctx)
	}()
	settle(t)
	began := time.Now()
	for _, old := range running {
		surge := r.start(t, 1)
		r.publish(t, surge[0])
		r.end(t, old)
	}
	took := time.Since(began)
	settle(t)
	cancel()
	outcome := <-result
	t.Logf("%d replicas replaced in %.1f s: %s", count, took.Seconds(), outcome)
	for _, failure := range outcome.Failures[:min(len(outcome.Failures), 10)] {
		t.Errorf("request %d, %.2f s after the rollout began: %v", failure.Request, failure.At.Sub(began).Seconds(), failure.Err)
	}
	// How many a machine makes is not the subject, but a few would prove nothing.
	if want := int((took + 2*settling).Seconds() * perSecond / 2); outcome.Requests < want {
		t.Errorf("%d requests were made, want at least %d", outcome.Requests, want)
	}
	seen.Check(t, requests)
	seen.Stop() // Before the replicas are.
}

// take takes steps of the installation.
func take(t *testing.T, server *extension.Extension, names ...string) {
	t.Helper()
	for _, s := range server.Steps() {
		if !slices.Contains(names, s.Name) {
			continue
		}
		if err := s.Run(t.Context()); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
	}
}

// settle lets requests go on for a while.
func settle(t *testing.T) {
	t.Helper()
	select {
	case <-time.After(settling):
	case <-t.Context().Done():
	}
}

// oneAuthority checks that replicas which started at once made one authority between them, and serve one certificate.
func oneAuthority(t *testing.T, plane *controlplane.ControlPlane, running []*replica) {
	t.Helper()
	served, made := sets.New[string](), 0
	for _, replica := range running {
		// What is served is the subject; who verifies it is tested by all that follows.
		connection, err := tls.Dial("tcp", replica.port.Address(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		served.Insert(string(connection.ConnectionState().PeerCertificates[0].Raw))
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
		text, err := os.ReadFile(filepath.Join(plane.LogDir(), replica.Name()+".log"))
		if err != nil {
			t.Fatal(err)
		}
		made += strings.Count(string(text), "Made a certificate authority")
	}
	if made != 1 || len(served) != 1 {
		t.Errorf("%d replicas that started at once made %d authorities, and serve %d certificates; want one of each", len(running), made, len(served))
	}
}
