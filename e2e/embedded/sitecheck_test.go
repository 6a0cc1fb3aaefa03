package embedded_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	v1 "example.com/annex/servers/capacity/apis/capacity/v1"
	capacity "example.com/annex/servers/capacity/definition"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
)

const warnOfSites = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: SiteCheck
  configuration:
    apiVersion: sitecheck.capacity.example.com/v1alpha1
    kind: SiteCheckConfiguration
    unknownSites: Warn
`

// warned keeps what a client was warned of.
type warned struct {
	mu   sync.Mutex
	text string
}

func (w *warned) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text += text + "\n"
}

// TestSiteCheckWithoutTopology serves Reservations in a cluster that has no sites: the server is ready, says soon and clearly why
// nothing can be reserved, and leaves nothing of its informer when it stops. No other server of this process checks sites.
func TestSiteCheckWithoutTopology(t *testing.T) {
	t.Parallel()
	create := func(server *apiservertest.Server) (string, error) {
		t.Helper()
		var warnings warned
		config := rest.CopyConfig(server.Config)
		config.WarningHandler = &warnings
		clients, err := versioned.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		_, err = clients.CapacityV1().Reservations("default").Create(t.Context(), &v1.Reservation{
			ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: v1.ReservationSpec{SiteName: "berlin", Slots: 4},
		}, metav1.CreateOptions{})
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("the answer took %s", took)
		}
		return warnings.text, err
	}

	server := apiservertest.Start(t, capacity.New(), cluster)
	_, err := create(server)
	if want := `site "berlin" can't be read: the API is not installed; install topology.example.com`; !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}

	file := filepath.Join(t.TempDir(), "admission.yaml")
	if err := os.WriteFile(file, []byte(warnOfSites), 0o600); err != nil {
		t.Fatal(err)
	}
	tolerant := apiservertest.Start(t, capacity.New(), cluster, func(o *apiserver.Options) { o.Admission.ConfigFile = file })
	warning, err := create(tolerant)
	if err != nil || !strings.Contains(warning, `"berlin" is not known to be a site`) {
		t.Errorf("with unknownSites: Warn: got the warning %q, %v", warning, err)
	}

	for _, s := range []*apiservertest.Server{server, tolerant} {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
	var stacks bytes.Buffer
	if err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		stacks.Reset()
		err := pprof.Lookup("goroutine").WriteTo(&stacks, 2)
		return !strings.Contains(stacks.String(), "/sitecheck."), err
	}); err != nil {
		t.Errorf("something of the plugin still runs: %v\n%s", err, &stacks)
	}
}
