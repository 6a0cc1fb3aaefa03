package sitecheck

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"example.com/annex/shared/reflector"
)

// topology answers as kube-apiserver does for it. There is one site, ams-1, and time passes with each list.
type topology struct {
	mu      sync.Mutex
	version int
	state   string // "up", "down", "hung", "absent"
	cut     chan struct{}
}

func (a *topology) become(state string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state = state
	close(a.cut) // Watches end.
	a.cut = make(chan struct{})
}

func (a *topology) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.version++
	version, state, cut := strconv.Itoa(a.version), a.state, a.cut
	a.mu.Unlock()
	status := func(code int, reason string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":"said so"}`, code, reason)
	}
	site := `{"apiVersion":"topology.example.com/v1","kind":"Site","metadata":{"name":"ams-1","resourceVersion":"1"},"spec":{"region":"r","capacity":{"slots":40}}}`
	query := r.URL.Query()
	switch {
	case state == "down":
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
	case state == "absent":
		http.NotFound(w, r)
	case state == "hung":
		select {
		case <-r.Context().Done():
		case <-cut:
		}
	case query.Get("sendInitialEvents") == "true":
		status(http.StatusBadRequest, "BadRequest") // Then clients list.
	case query.Get("watch") != "":
		w.Header().Set("Content-Type", "application/json")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-cut:
		}
	case strings.HasSuffix(r.URL.Path, "/sites"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"apiVersion":"topology.example.com/v1","kind":"SiteList","metadata":{"resourceVersion":%q},"items":[%s]}`, version, site)
	case strings.HasSuffix(r.URL.Path, "/sites/ams-1"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, site)
	default:
		status(http.StatusNotFound, "NotFound")
	}
}

func start(t *testing.T, state string) (*topology, *reflected) {
	t.Helper()
	api := &topology{state: state, cut: make(chan struct{})}
	server := httptest.NewServer(api)
	reflectors := reflector.NewSet(&rest.Config{Host: server.URL})
	sites, err := newReflected(reflectors)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { reflectors.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		server.CloseClientConnections()
		server.Close()
	})
	return api, sites
}

func awaitCached(t *testing.T, sites *reflected, want bool) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		site, got := sites.cached("ams-1")
		return got == want && (!got || site.Spec.Capacity.Slots == 40), nil
	}); err != nil {
		t.Fatalf("waiting until the reflector is believed: %t: %v", want, err)
	}
}

func TestReflectorIsBelievedWhileItIsInStep(t *testing.T) {
	t.Parallel()
	api, sites := start(t, "absent")
	if _, got := sites.cached("ams-1"); got {
		t.Error("it is believed before it has listed")
	}
	for _, state := range []string{"up", "down", "up", "hung", "up"} {
		api.become(state)
		awaitCached(t, sites, state == "up")
		site, err := sites.live(t.Context(), "ams-1")
		if up := state == "up"; up != (err == nil) || up != (site != nil) {
			t.Errorf("%s: a live read got %v, %v", state, site, err)
		}
	}
	if _, got := sites.cached("lon-1"); got {
		t.Error("it has a site that does not exist")
	}
	if site, err := sites.live(t.Context(), "lon-1"); site != nil || err != nil {
		t.Errorf("a live read of a site that does not exist: got %v, %v; want neither", site, err)
	}
}

func TestLiveReadsThatFail(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{
		"absent": "the API is not installed",
		"down":   "the server is currently unable to handle the request",
		"hung":   "no answer within 2s",
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			_, sites := start(t, state)
			started := time.Now()
			site, err := sites.live(t.Context(), "ams-1")
			if site != nil || err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, %v; want an error: %s", site, err, want)
			}
			if took := time.Since(started); took > 2*liveTimeout {
				t.Errorf("it took %s", took)
			}
		})
	}
}
