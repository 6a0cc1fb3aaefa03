package reservations

import (
	"context"
	"fmt"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"

	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/client/clientset/versioned"
)

// Requests are the load, in the namespace default: of each two Reservations one is read again and again, and one is deleted. The
// zero value is ready.
type Requests struct {
	mu               sync.Mutex
	created, deleted sets.Set[string]
	kept             string   // the last that is there to stay
	doomed           []string // what is to be deleted, the oldest first
}

// Make is load.Load's Request.
func (r *Requests) Make(t *testing.T, config *rest.Config) func(context.Context, int) error {
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
func (r *Requests) note(name string, keep bool) {
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
func (r *Requests) keep() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}

// doom is an object to delete, or empty. It is nobody else's to delete.
func (r *Requests) doom() string {
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
