package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/admission"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/rest"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	clientset "k8s.io/sample-apiserver/pkg/generated/clientset/versioned"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
)

// holdName is the object whose creation hold keeps in flight.
const holdName = "held"

// hold is an admission plugin that says when it has a request, and keeps it until it is told to let go.
type hold struct {
	*admission.Handler
	entered, release chan struct{}
}

var _ admission.ValidationInterface = hold{}

func (h hold) Validate(ctx context.Context, a admission.Attributes, _ admission.ObjectInterfaces) error {
	if a.GetName() != holdName {
		return nil
	}
	close(h.entered)
	select {
	case <-h.release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestShutdown ends a server that has a request and a watch in flight. The steps are those of Server.Run; each is held
// until the one before was seen, so that nothing depends on time.
func TestShutdown(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	held := hold{Handler: admission.NewHandler(admission.Create), entered: make(chan struct{}), release: make(chan struct{})}
	definition := wardleDefinition()
	definition.Admission = []apiserver.AdmissionPlugin{{Name: "Hold", New: func(io.Reader) (admission.Interface, error) { return held, nil }}}
	policy, auditLog := filepath.Join(t.TempDir(), "policy.yaml"), filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(policy, []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := apiservertest.Start(t, definition, cluster, func(o *apiserver.Options) {
		o.Audit.PolicyFile, o.Audit.LogOptions.Path = policy, auditLog
		o.Audit.LogOptions.BatchOptions.Mode = "batch" // written in the end, at the latest
	})
	client, err := rest.HTTPClientFor(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	typed, err := clientset.NewForConfig(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	flunders := typed.WardleV1alpha1().Flunders("default")
	create := func(name string) error {
		_, err := flunders.Create(ctx, &v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		return err
	}

	watcher, err := flunders.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	inFlight := make(chan error, 1)
	go func() { inFlight <- create(holdName) }()
	select {
	case <-held.entered:
	case err := <-inFlight:
		t.Fatalf("creating %s ended at once: %v", holdName, err)
	}
	readyzSeen := make(chan struct{})
	err = server.Generic.AddPreShutdownHook("until-readyz-was-seen", func() error {
		select {
		case <-readyzSeen:
		case <-ctx.Done(): // the test has failed
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop() }()

	// First /readyz fails, and everything else works.
	waitFor(t, "/readyz fails", client, server.Config.Host+"/readyz", func(status int, body string) bool {
		return status == http.StatusInternalServerError && strings.Contains(body, "[-]shutdown failed")
	})
	if err := create("late"); err != nil {
		t.Errorf("a request after /readyz failed: %v", err)
	}
	if event := next(t, watcher); event.Type != watch.Added || event.Object.(*v1alpha1.Flunder).Name != "late" {
		t.Errorf("the watch got %s %v, want late ADDED", event.Type, event.Object)
	}
	close(readyzSeen)

	// Then requests are turned away, and watches end, while the request in flight goes on.
	waitFor(t, "new requests are turned away", client, server.Config.Host+"/apis/wardle.example.com/v1alpha1/flunders", func(status int, _ string) bool {
		return status == http.StatusTooManyRequests
	})
	if event := next(t, watcher); event.Type != "" {
		t.Errorf("the watch got %s %v, want its end", event.Type, event.Object)
	}
	select {
	case err := <-inFlight:
		t.Errorf("the request in flight ended before it was let go: %v", err)
	case err := <-stopped:
		t.Errorf("the server stopped before the request in flight ended: %v", err)
	default:
	}
	close(held.release)
	if err := <-inFlight; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stopping: %v", err)
	}

	// The audit log has all of it.
	for _, name := range []string{"late", holdName} {
		if err := audited(auditLog, name); err != nil {
			t.Error(err)
		}
	}
}

// next is the next event of a watch; the zero event is its end.
func next(t *testing.T, watcher watch.Interface) watch.Event {
	t.Helper()
	select {
	case event := <-watcher.ResultChan():
		return event
	case <-time.After(time.Minute):
		t.Fatal("the watch is silent")
		return watch.Event{}
	}
}

// waitFor asks again and again until the answer is the wanted one.
func waitFor(t *testing.T, what string, client *http.Client, url string, wanted func(status int, body string) bool) {
	t.Helper()
	var last string
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		status, body, err := get(ctx, client, url)
		last = fmt.Sprintf("%d %s %v", status, body, err)
		return err == nil && wanted(status, body), nil
	})
	if err != nil {
		t.Fatalf("waiting until %s: %v; the last answer was %s", what, err, last)
	}
}

// audited tells what is wrong with the audit log's event of an object's creation.
func audited(file, name string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(content) {
		var event auditv1.Event
		if err := json.Unmarshal(line, &event); err != nil {
			return fmt.Errorf("reading the audit log: %w", err)
		}
		if event.Verb == "create" && event.ObjectRef.Name == name && event.Stage == auditv1.StageResponseComplete {
			if event.ResponseStatus.Code != http.StatusCreated || event.User.Username == "" {
				return fmt.Errorf("audit event of %s: status %d, user %q; want 201 and a user", name, event.ResponseStatus.Code, event.User.Username)
			}
			return nil
		}
	}
	return fmt.Errorf("the audit log has no event of the creation of %s:\n%s", name, content)
}
