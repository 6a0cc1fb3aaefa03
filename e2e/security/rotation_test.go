package security_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"example.com/annex/e2e/step"
	"example.com/annex/shared/certs"
)

// followTimeout is how long a server may take to follow what kube-apiserver publishes: its watch is cut by each restart, and an
// informer tries again after 30 seconds at the latest.
const followTimeout = time.Minute

// TestClusterAuthoritiesRotate brings in a new front-proxy CA and a new client CA, as an administrator does: kube-apiserver is
// restarted with the old and the new ones, then with certificates of the new ones, then with the new ones alone. The server follows
// extension-apiserver-authentication, and is never restarted.
func TestClusterAuthoritiesRotate(t *testing.T) {
	t.Parallel()
	c := start(t)
	pid := c.server.Server().Pid()
	dir := t.TempDir()
	write := func(name string, authorities ...*certs.Authority) string {
		t.Helper()
		var bundle []byte
		for _, authority := range authorities {
			bundle = append(bundle, authority.CertificatePEM()...)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, bundle, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	type pair struct{ frontProxy, client *certs.Authority }
	before := pair{c.FrontProxyCA(), c.ClientCA()}
	var after pair
	for name, authority := range map[string]**certs.Authority{"front-proxy-ca-2": &after.frontProxy, "kubernetes-ca-2": &after.client} {
		made, err := certs.NewAuthority(name, certs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		*authority = made
	}
	admin := func(authorities pair) *rest.Config {
		t.Helper()
		issued, err := authorities.client.IssueClient("admin", "system:masters")
		if err != nil {
			t.Fatal(err)
		}
		config := c.AnonymousConfig()
		config.CertData, config.KeyData = issued.CertificatePEM, issued.KeyPEM
		return config
	}
	restart := func(args ...string) {
		t.Helper()
		if err := c.RestartKubeAPIServer(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	// expect waits until the server believes the front proxy, and users, of the authorities given, and those of no other.
	expect := func(when string, administrator *rest.Config, believed ...pair) {
		t.Helper()
		began := time.Now()
		step.Eventually(t.Context(), t, followTimeout, when+": the server to follow", func(ctx context.Context) error {
			for _, authorities := range []pair{before, after} {
				if err := c.trusts(ctx, authorities.frontProxy, authorities.client, slices.Contains(believed, authorities)); err != nil {
					return err
				}
			}
			return throughAggregator(ctx, administrator)
		})
		t.Logf("%s: followed %.1f s after kube-apiserver was ready", when, time.Since(began).Seconds())
	}
	expect("in the beginning", admin(before), before)

	restart("--requestheader-client-ca-file="+write("front-proxy-both", before.frontProxy, after.frontProxy),
		"--client-ca-file="+write("client-both", before.client, after.client))
	expect("old and new", admin(before), before, after)

	proxy, err := after.frontProxy.IssueClient(frontProxyName)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key := filepath.Join(dir, "proxy.crt"), filepath.Join(dir, "proxy.key")
	if err := proxy.WriteFiles(certificate, key); err != nil {
		t.Fatal(err)
	}
	restart("--proxy-client-cert-file="+certificate, "--proxy-client-key-file="+key)
	expect("a front proxy of the new one", admin(after), before, after)

	restart("--requestheader-client-ca-file="+write("front-proxy-new", after.frontProxy), "--client-ca-file="+write("client-new", after.client))
	forgetAuthorities(t, admin(after))
	expect("new alone", admin(after), after)

	if err := c.server.Server().Err(); err != nil || c.server.Server().Pid() != pid {
		t.Errorf("the server has not lived through it: %v", err)
	}
}

// forgetAuthorities deletes extension-apiserver-authentication, for kube-apiserver to write it anew: it adds to what is there, and
// takes out by itself only what has expired (k8s.io/kubernetes/pkg/controlplane/controller/clusterauthenticationtrust).
func forgetAuthorities(t *testing.T, admin *rest.Config) {
	t.Helper()
	client, err := kubernetes.NewForConfig(admin)
	if err != nil {
		t.Fatal(err)
	}
	maps := client.CoreV1().ConfigMaps(metav1.NamespaceSystem)
	const name = "extension-apiserver-authentication"
	published, err := maps.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"requestheader-client-ca-file", "client-ca-file"} {
		if n := strings.Count(published.Data[key], "BEGIN CERTIFICATE"); n != 2 {
			t.Errorf("%s has %d authorities before it is deleted, want the old one still in it", key, n)
		}
	}
	if err := maps.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// trusts says what is wrong, if the server does not believe a front proxy and a user of the two authorities; or if it does, where it
// should not.
func (c *cluster) trusts(ctx context.Context, frontProxy, client *certs.Authority, want bool) error {
	proxy, err := frontProxy.IssueClient(frontProxyName)
	if err != nil {
		return err
	}
	mallory, err := client.IssueClient("mallory")
	if err != nil {
		return err
	}
	for _, caller := range []struct {
		name    string
		pair    *certs.Pair
		headers http.Header
		user    string
	}{
		{"a front proxy of " + frontProxy.Certificate().Subject.CommonName, proxy, http.Header{"X-Remote-User": {"jane"}}, "jane"},
		{"a user of " + client.Certificate().Subject.CommonName, mallory, nil, "mallory"},
	} {
		got := c.ask(ctx, request{method: http.MethodGet, path: reservations, pair: caller.pair, headers: caller.headers})
		believed := got.status == http.StatusForbidden && strings.Contains(got.body, fmt.Sprintf(`User \"%s\"`, caller.user))
		refused := got.status == http.StatusUnauthorized
		if got.err != nil || want && !believed || !want && !refused {
			return fmt.Errorf("%s: believed should be %t: status %d, %s, %v", caller.name, want, got.status, got.body, got.err)
		}
	}
	return nil
}

// throughAggregator asks for objects as everybody does.
func throughAggregator(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if err := client.Discovery().RESTClient().Get().AbsPath(reservations).Do(ctx).Error(); err != nil {
		return fmt.Errorf("through the aggregator: %w", err)
	}
	return nil
}
