package embedded_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/admission"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	v1 "example.com/annex/servers/capacity/apis/capacity/v1"
	capacity "example.com/annex/servers/capacity/definition"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/servers/client/clientset/versioned/scheme"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
)

// TestLog follows objects over what would end another request, and to what must end this one: its reader goes, or the server
// does. No other test of this process has logs: the goroutines that are counted are all of this one.
func TestLog(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	held := hold{Handler: admission.NewHandler(admission.Create), entered: make(chan struct{}), release: make(chan struct{})}
	definition := capacity.New()
	definition.Admission = []apiserver.AdmissionPlugin{{Name: "Hold", New: func(io.Reader) (admission.Interface, error) { return held, nil }}}
	policy, auditLog := filepath.Join(t.TempDir(), "policy.yaml"), filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(policy, []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := apiservertest.Start(t, definition, cluster, func(o *apiserver.Options) {
		o.Serving.RequestTimeout = time.Second
		o.Audit.PolicyFile, o.Audit.LogOptions.Path = policy, auditLog
	})
	clients, err := versioned.NewForConfig(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	reservations := clients.CapacityV1().Reservations("default")
	create := func(name string) error {
		_, err := reservations.Create(ctx, &v1.Reservation{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.ReservationSpec{SiteName: "berlin", Slots: 4},
		}, metav1.CreateOptions{})
		return err
	}
	if err := create("followed"); err != nil {
		t.Fatal(err)
	}
	follow := func(ctx context.Context) *bufio.Scanner {
		t.Helper()
		stream, err := clients.CapacityV1().RESTClient().Get().Namespace("default").Resource("reservations").Name("followed").SubResource("log").
			VersionedParams(&v1.ReservationLogOptions{Follow: true, TailLines: new(int64(0))}, scheme.ParameterCodec).Stream(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stream.Close() })
		return bufio.NewScanner(stream)
	}
	expect := func(lines *bufio.Scanner, want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("got the line %q, %v; want %q", lines.Text(), lines.Err(), want)
		}
	}
	lines := follow(ctx)

	// Another request is given up after --request-timeout. A log is not.
	err = create(holdName)
	select {
	case <-held.entered:
	default:
		t.Fatalf("creating %s ended before it was held: %v", holdName, err)
	}
	if err == nil {
		t.Fatal("a request that is held for ever was accepted: there is no timeout to outlive")
	}
	if _, err := reservations.Patch(ctx, "followed", types.MergePatchType, []byte(`{"spec":{"slots":8}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	expect(lines, "scaled from 4 to 8 slots")

	// A reader who goes leaves nothing.
	gone, leave := context.WithCancel(ctx)
	follow(gone)
	waitForLogs(t, 2)
	leave()
	waitForLogs(t, 1)

	// A server that goes tells its readers, and waits for them.
	started := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop() }()
	expect(lines, "the server shuts down: follow again")
	if lines.Scan() || lines.Err() != nil {
		t.Errorf("after the last line: got %q, %v; want the end", lines.Text(), lines.Err())
	}
	if err := <-stopped; err != nil {
		t.Errorf("stopping: %v", err)
	}
	if took := time.Since(started); took >= apiserver.DefaultWatchTermination {
		t.Errorf("stopping took %s: it waited for a log that did not end", took)
	}
	waitForLogs(t, 0)
	stages, err := stagesOfLog(auditLog)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []auditv1.Stage{auditv1.StageResponseStarted, auditv1.StageResponseComplete} {
		if !slices.Contains(stages, stage) {
			t.Errorf("the audit log has the stages %q of the logs, and not %s", stages, stage)
		}
	}
}

// waitForLogs waits until so many logs are open in this process.
func waitForLogs(t *testing.T, want int) {
	t.Helper()
	got := -1
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		var stacks bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&stacks, 2); err != nil {
			return false, err
		}
		got = strings.Count(stacks.String(), "registry.(*logStream[...]).wait(")
		return got == want, nil
	})
	if err != nil {
		t.Fatalf("%d logs are open, want %d: %v", got, want, err)
	}
}

// stagesOfLog are the stages of requests for logs that an audit log has.
func stagesOfLog(file string) ([]auditv1.Stage, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var stages []auditv1.Stage
	for line := range bytes.Lines(content) {
		var event auditv1.Event
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		if event.ObjectRef != nil && event.ObjectRef.Subresource == "log" && event.Verb == "get" {
			stages = append(stages, event.Stage)
		}
	}
	return stages, nil
}
