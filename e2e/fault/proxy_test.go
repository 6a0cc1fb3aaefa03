package fault_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/annex/e2e/fault"
)

func TestProxy(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	proxy, err := fault.NewProxy(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	}()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	get := func() time.Duration {
		t.Helper()
		started := time.Now()
		response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", proxy.Port()))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		return time.Since(started)
	}
	get()
	const delay = 300 * time.Millisecond
	proxy.Delay(delay)
	if took := get(); took < delay {
		t.Errorf("an answer that is held back for %s came after %s", delay, took)
	}
}

func TestProxyWithoutServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.Listener.Addr().String()
	server.Close()
	proxy, err := fault.NewProxy(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", proxy.Port())); err == nil {
		t.Error("an answer without a server")
	}
	if err := proxy.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", proxy.Port())); err == nil {
		t.Error("an answer of a proxy that is closed")
	}
}
