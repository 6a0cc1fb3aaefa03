package rollout_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"example.com/annex/e2e/load"
	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/capacity/definition"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/servers/client/informers/externalversions"
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

	seen := follow(t, plane.RESTConfig())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	requests := &requests{}
	result := make(chan load.Outcome, 1)
	go func() {
		result <- load.Load{PerSecond: perSecond, Workers: 50, Request: requests.make(t, plane.RESTConfig())}.Run(ctx)
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
	seen.check(t, requests)
	seen.stop() // Before the replicas are.
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

// requests are the load: of each two objects one is read again and again, and one is deleted.
type requests struct {
	mu               sync.Mutex
	created, deleted sets.Set[string]
	kept             string   // the last that is there to stay
	doomed           []string // what is to be deleted, the oldest first
}

func (r *requests) make(t *testing.T, config *rest.Config) func(context.Context, int) error {
	t.Helper()
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	r.created, r.deleted = sets.New[string](), sets.New[string]()
	reservations := client.CapacityV1().Reservations("default")
	list := func(ctx context.Context) error {
		_, err := reservations.List(ctx, metav1.ListOptions{Limit: 10})
		return err
	}
	return func(ctx context.Context, n int) error {
		switch n % 4 {
		case 0:
			name, keep := fmt.Sprintf("load-%d", n), n%8 == 0
			_, err := reservations.Create(ctx, &capacityv1.Reservation{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: capacityv1.ReservationSpec{SiteName: "ams-1", Slots: 1},
			}, metav1.CreateOptions{})
			if err == nil {
				r.note(name, keep)
			}
			return err
		case 1:
			if kept := r.keep(); kept != "" {
				_, err := reservations.Get(ctx, kept, metav1.GetOptions{})
				return err
			}
		case 2:
			if name := r.doom(); name != "" {
				return reservations.Delete(ctx, name, metav1.DeleteOptions{})
			}
		}
		return list(ctx)
	}
}

// note remembers an object that was created.
func (r *requests) note(name string, keep bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.created.Insert(name)
	if keep {
		r.kept = name
	} else {
		r.doomed = append(r.doomed, name)
	}
}

// keep is an object to read, or empty.
func (r *requests) keep() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}

// doom is an object to delete, or empty. It is nobody else's to delete.
func (r *requests) doom() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.doomed) == 0 {
		return ""
	}
	name := r.doomed[0]
	r.doomed = r.doomed[1:]
	r.deleted.Insert(name)
	return name
}

// events are what an informer has heard of.
type events struct {
	mu             sync.Mutex
	added, removed map[string]int
	refused        []string // of the requests of the informer
	watches, lists atomic.Int32
	client         versioned.Interface
	stop           func()
	store          cache.Store
}

// follow runs an informer through the aggregator until the test ends.
func follow(t *testing.T, config *rest.Config) *events {
	t.Helper()
	e := &events{added: map[string]int{}, removed: map[string]int{}}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{e, next} })
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	e.client = client
	factory := externalversions.NewSharedInformerFactory(client, 0)
	informer := factory.Capacity().V1().Reservations().Informer()
	e.store = informer.GetStore()
	count := func(in map[string]int, object any) {
		if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = last.Obj
		}
		if named, ok := object.(metav1.Object); ok {
			e.mu.Lock()
			defer e.mu.Unlock()
			in[named.GetName()]++
		}
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { count(e.added, object) },
		DeleteFunc: func(object any) { count(e.removed, object) },
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	factory.Start(ctx.Done())
	e.stop = sync.OnceFunc(func() {
		cancel()
		factory.Shutdown()
	})
	t.Cleanup(e.stop)
	if !cache.WaitForCacheSync(t.Context().Done(), informer.HasSynced) {
		t.Fatal("the informer is not in step")
	}
	return e
}

// counting counts watches, and lists, be they the beginning of a watch.
type counting struct {
	*events
	next http.RoundTripper
}

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(request)
	if !strings.HasSuffix(request.URL.Path, "/reservations") {
		return response, err
	}
	query := request.URL.Query()
	if query.Get("watch") != "" {
		c.watches.Add(1)
	}
	if query.Get("watch") == "" || query.Get("sendInitialEvents") != "" {
		c.lists.Add(1)
	}
	refusal := ""
	switch {
	case err != nil:
		refusal = err.Error()
	case response.StatusCode != http.StatusOK:
		body, _ := io.ReadAll(response.Body) // What there is of it tells enough.
		response.Body = io.NopCloser(bytes.NewReader(body))
		refusal = fmt.Sprintf("%s: %s", response.Status, body)
	default:
		return response, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = append(c.refused, fmt.Sprintf("%s %s: %s", time.Now().Format(time.TimeOnly), request.URL.RawQuery, refusal))
	return response, err
}

// check checks that watches were cut, and that nothing was lost by it.
func (e *events) check(t *testing.T, made *requests) {
	t.Helper()
	lists, watches := e.lists.Load(), e.watches.Load()
	step.Eventually(t.Context(), t, time.Minute, "the informer to hear of everything", func(context.Context) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		made.mu.Lock()
		defer made.mu.Unlock()
		if added := sets.KeySet(e.added); !added.Equal(made.created) {
			return fmt.Errorf("%d objects were created, and it has heard of %d; it missed %v", made.created.Len(), added.Len(), sets.List(made.created.Difference(added)))
		}
		if removed := sets.KeySet(e.removed); !removed.Equal(made.deleted) {
			return fmt.Errorf("%d objects were deleted, and it has heard of %d; it missed %v", made.deleted.Len(), removed.Len(), sets.List(made.deleted.Difference(removed)))
		}
		return nil
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, counted := range []map[string]int{e.added, e.removed} {
		for name, n := range counted {
			if n != 1 {
				t.Errorf("%s was added, or deleted, %d times", name, n)
			}
		}
	}
	for _, answer := range e.refused {
		t.Errorf("the informer's request got %s", answer)
	}
	list, err := e.client.CapacityV1().Reservations("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if stored := len(e.store.List()); stored != len(list.Items) {
		t.Errorf("the informer has %d objects, and there are %d", stored, len(list.Items))
	}
	t.Logf("the informer heard of %d created and %d deleted objects, with %d watches and %d lists", len(e.added), len(e.removed), watches, lists)
	if watches < 2 {
		t.Errorf("%d watch was made: none was cut, and nothing is proved", watches)
	}
	if lists != 1 {
		t.Errorf("all was listed %d times, want once: watches go on where they were cut", lists)
	}
}
