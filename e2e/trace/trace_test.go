package trace_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"example.com/annex/e2e/trace"
)

func TestTrace(t *testing.T) {
	t.Parallel()
	const refused = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","message":"it has\nchanged","code":409}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			_, _ = io.WriteString(w, "fine")
		case "/conflict":
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, refused)
		default:
			w.WriteHeader(http.StatusNotAcceptable)
			_, _ = io.WriteString(w, "no")
		}
	}))
	defer server.Close()

	var tr trace.Trace
	ctx := trace.NewContext(t.Context(), &tr)
	client := &http.Client{Transport: trace.FromContext(ctx).Wrap(http.DefaultTransport)}
	defer client.CloseIdleConnections()
	get := func(path string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "application/x")
		request.Header.Set("Impersonate-User", "somebody")
		request.Header.Set("Authorization", "Bearer secret")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got := get("/good") + get("/conflict?x=y") + get("/other"); got != "fine"+refused+"no" {
		t.Errorf("the client read %q", got)
	}
	tr.Add(trace.Exchange{Command: "kubectl get sites", Status: 1, Message: "not\nfound", Seconds: 0.25})
	server.Close()
	if response, err := client.Get(server.URL); err == nil {
		response.Body.Close()
		t.Error("an answer without a server")
	}

	want := []string{
		`^GET /good as somebody: 200 \(\d+ ms\)$`,
		`^GET /conflict\?x=y as somebody: 409 Conflict: it has changed \(\d+ ms\)$`,
		`^GET /other as somebody: 406; Accept: application/x \(\d+ ms\)$`,
		`^kubectl get sites: exit status 1: not found \(250 ms\)$`,
		`^GET /: .*connection refused \(\d+ ms\)$`,
	}
	got := tr.Take()
	if len(got) != len(want) {
		t.Fatalf("got %d exchanges, want %d: %v", len(got), len(want), got)
	}
	for i, e := range got {
		if !regexp.MustCompile(want[i]).MatchString(e.String()) {
			t.Errorf("got %q, want %s", e, want[i])
		}
		if strings.Contains(fmt.Sprintf("%+v", e), "secret") {
			t.Errorf("credentials are remembered: %+v", e)
		}
	}
	if left := tr.Take(); len(left) != 0 {
		t.Errorf("left after taking all: %v", left)
	}
}

func TestTraceKeepsTheLast(t *testing.T) {
	t.Parallel()
	var tr trace.Trace
	for i := range 100 {
		tr.Add(trace.Exchange{Status: i})
	}
	got := tr.Take()
	if len(got) == 0 || len(got) == 100 || got[len(got)-1].Status != 99 {
		t.Errorf("got %d, the last of them %v; want fewer than 100, and the last", len(got), got[len(got)-1])
	}
}

func TestNoTrace(t *testing.T) {
	t.Parallel()
	none := trace.FromContext(context.Background())
	none.Add(trace.Exchange{})
	if none.Take() != nil || none.Wrap(http.DefaultTransport) != http.DefaultTransport {
		t.Error("where there is no trace, something is remembered")
	}
}
