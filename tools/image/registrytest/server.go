package registrytest

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// User and Password are what a Server accepts.
const User, Password = "somebody", "secret"

// Server is a registry over TLS that wants a password, and that can fail.
type Server struct {
	*httptest.Server
	// Host is its name and port, as its certificate has it. Options say where it is.
	Host string

	mu       sync.Mutex
	requests []string // "PUT /v2/...", those that were answered
	changes  int      // how many of them change something
	limit    int      // with the changes after that many connections are cut; 0 is no limit
}

// Start starts a registry, which ends with the test.
func Start(t *testing.T, options ...registry.Option) *Server {
	t.Helper()
	s := &Server{}
	handler := registry.New(append(options, registry.Logger(log.New(io.Discard, "", 0)))...)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != User || p != Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}`, http.StatusUnauthorized)
			return
		}
		if !s.admit(r) {
			// In the middle of what is sent.
			_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.Host = net.JoinHostPort("example.com", port)
	return s
}

func (s *Server) admit(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if s.limit > 0 && s.changes >= s.limit {
			return false
		}
		s.changes++
	}
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	return true
}

// CutAfter lets connections be cut after so many changes; 0 ends that. What was recorded is forgotten.
func (s *Server) CutAfter(limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.changes, s.limit = nil, 0, limit
}

// Answered are the paths of the requests of a method that were answered; no method is all of them.
func (s *Server) Answered(method string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, request := range s.requests {
		if requested, path, _ := strings.Cut(request, " "); requested == method || method == "" {
			found = append(found, path)
		}
	}
	return found
}

// Options reach the registry, with a password; what fails is repeated once, soon.
func (s *Server) Options(password string) []remote.Option {
	transport := s.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	return []remote.Option{
		remote.WithTransport(transport),
		remote.WithAuth(&authn.Basic{Username: User, Password: password}),
		remote.WithRetryBackoff(remote.Backoff{Duration: time.Millisecond, Factor: 1, Steps: 2}),
	}
}

// Repository is one of this registry.
func (s *Server) Repository(t *testing.T, path string) name.Repository {
	t.Helper()
	repository, err := name.NewRepository(s.Host + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return repository
}

// Tags are the tags of a repository, and the digests that they lead to.
func (s *Server) Tags(t *testing.T, path string) map[string]string {
	t.Helper()
	client := http.Client{Transport: s.Client().Transport}
	get := func(path string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(User, Password)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	var list struct{ Tags []string }
	if err := json.NewDecoder(get("/v2/" + path + "/tags/list").Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, tag := range list.Tags {
		tags[tag] = get("/v2/" + path + "/manifests/" + tag).Header.Get("Docker-Content-Digest")
	}
	return tags
}
