package security_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"example.com/annex/e2e/step"
)

const (
	// away is how long kube-apiserver is gone.
	away = 30 * time.Second
	// cached is less than the life of a decision: 10 seconds, as of who a caller is so of what he may do
	// (k8s.io/apiserver/pkg/server/options, DelegatingAuthenticationOptions and DelegatingAuthorizationOptions).
	cached = 5 * time.Second
	// refusal is how long the server may take to say that it does not know who somebody is, or what he may do. It is less than
	// --request-timeout (60 s), after which anything is given up.
	refusal = 45 * time.Second
	// promptly is for what needs nobody else: however busy the machine, only what hangs takes longer.
	promptly = 10 * time.Second
)

// TestKubeAPIServerAway takes kube-apiserver away for half a minute: ended, so that connections are refused, and hung, so that they
// are silent. It costs what is not in the server's caches, and nothing more.
func TestKubeAPIServerAway(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct{ begin, end func(*testing.T, *cluster) }{
		"ended": {
			func(t *testing.T, c *cluster) {
				if err := c.KubeAPIServer().Kill(); err != nil {
					t.Fatal(err)
				}
			},
			func(t *testing.T, c *cluster) {
				if err := c.RestartKubeAPIServer(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
		},
		"hung": {
			func(t *testing.T, c *cluster) { c.signal(t, syscall.SIGSTOP) },
			func(t *testing.T, c *cluster) { c.signal(t, syscall.SIGCONT) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			// A process that hangs would not end when it is asked to.
			t.Cleanup(func() { _ = syscall.Kill(c.KubeAPIServer().Pid(), syscall.SIGCONT) })
			testAway(t, c, outage.begin, outage.end)
		})
	}
}

func (c *cluster) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(c.KubeAPIServer().Pid(), signal); err != nil {
		t.Fatal(err)
	}
}

func testAway(t *testing.T, c *cluster, begin, end func(*testing.T, *cluster)) {
	pid := c.server.Server().Pid()
	known, stranger := c.serviceAccount(t, "known"), c.serviceAccount(t, "stranger")
	c.allow(t, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: "known"})
	administrator, err := c.ClientCA().IssueClient("admin", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	object := func(name string) string {
		return fmt.Sprintf(`{"apiVersion": "capacity.example.com/v1", "kind": "Reservation", "metadata": {"name": %q}, "spec": {"siteName": "ams-1", "slots": 1}}`, name)
	}
	list := request{method: http.MethodGet, path: reservations, token: known}
	create := func(name string) request {
		return request{method: http.MethodPost, path: reservations, token: known, body: object(name)}
	}
	health := func(path string) request { return request{method: http.MethodGet, path: path} }
	expect := func(what string, r request, within time.Duration, want int) {
		t.Helper()
		got := c.ask(t.Context(), r)
		t.Logf("%s: status %d after %.2f s", what, got.status, got.took.Seconds())
		if got.status != want || got.took > within {
			t.Errorf("%s: status %d after %s, %v; want %d within %s: %s", what, got.status, got.took, got.err, want, within, got.body)
		}
	}
	allowed := func(ctx context.Context) error {
		for r, want := range map[*request]int{
			{method: http.MethodGet, path: reservations, token: known}:    http.StatusOK,
			{method: http.MethodGet, path: reservations, token: stranger}: http.StatusForbidden,
		} {
			if got := c.ask(ctx, *r); got.status != want {
				return fmt.Errorf("status %d, want %d: %v %s", got.status, want, got.err, got.body)
			}
		}
		return nil
	}
	// It asks about one of the two only: the other is to be unknown.
	step.Eventually(t.Context(), t, time.Minute, "the right to read", func(ctx context.Context) error {
		if got := c.ask(ctx, list); got.status != http.StatusOK {
			return fmt.Errorf("status %d: %v %s", got.status, got.err, got.body)
		}
		return nil
	})
	expect("before: a known caller creates", create("before"), promptly, http.StatusCreated)

	begin(t, c)
	began := time.Now()
	expect("a known caller reads, by what is cached", list, promptly, http.StatusOK)
	expect("a known caller creates, by what is cached", create("meanwhile"), promptly, http.StatusCreated)
	if took := time.Since(began); took > cached {
		t.Fatalf("the machine is too slow for this test: %s have passed", took)
	}
	// What is not cached may wait for kube-apiserver, while others go on.
	type slow struct {
		what string
		answer
		statuses []int
	}
	waiting := make(chan slow, 2)
	for what, r := range map[string]request{
		"an unknown token": {method: http.MethodGet, path: reservations, token: stranger},
		"an unknown right": {method: http.MethodGet, path: strings.Replace(reservations, "default", "kube-system", 1), token: known},
	} {
		statuses := []int{http.StatusUnauthorized}
		if what == "an unknown right" {
			statuses = []int{http.StatusInternalServerError, http.StatusForbidden}
		}
		go func() { waiting <- slow{what, c.ask(t.Context(), r), statuses} }()
	}
	looks := 0
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for ; time.Since(began) < away; looks++ {
		for what, r := range map[string]request{
			"/livez": health("/livez"), "/readyz": health("/readyz"),
			"an administrator, by his certificate": {method: http.MethodGet, path: reservations, pair: administrator},
		} {
			if got := c.ask(t.Context(), r); got.status != http.StatusOK || got.took > promptly {
				t.Errorf("%s, %.1f s after the beginning: status %d after %s: %v %s", what, time.Since(began).Seconds(), got.status, got.took, got.err, got.body)
			}
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			return
		}
	}
	t.Logf("/livez, /readyz and an administrator were well, %d times each", looks)
	for range cap(waiting) {
		select {
		case got := <-waiting:
			t.Logf("%s: status %d after %.2f s: %s", got.what, got.status, got.took.Seconds(), strings.TrimSpace(got.body))
			if !slices.Contains(got.statuses, got.status) || got.took > refusal {
				t.Errorf("%s: status %d after %s, %v; want one of %d within %s", got.what, got.status, got.took, got.err, got.statuses, refusal)
			}
		case <-time.After(refusal - away):
			t.Errorf("no answer after %s: it hangs", refusal)
		}
	}

	end(t, c)
	back := time.Now()
	step.Eventually(t.Context(), t, time.Minute, "the server to ask kube-apiserver again", allowed)
	t.Logf("all is well %.1f s after kube-apiserver was back", time.Since(back).Seconds())
	step.Eventually(t.Context(), t, time.Minute, "objects through the aggregator", func(ctx context.Context) error {
		return throughAggregator(ctx, c.RESTConfig())
	})
	if err := c.server.Server().Err(); err != nil || c.server.Server().Pid() != pid {
		t.Errorf("the server has not lived through it: %v", err)
	}
}
