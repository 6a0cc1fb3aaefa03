package inventory_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/inventory/v1"
	"example.com/annex/servers/client/informers/externalversions"
	v1 "example.com/annex/servers/inventory/apis/inventory/v1"
)

// rounds are how often each side writes.
const rounds = 100

// TestTwoSides: while the CMDB and a client of the API write the same machines at once, an informer misses nothing and hears of all
// in the order in which it was.
func TestTwoSides(t *testing.T) {
	t.Parallel()
	var s step.Session
	testenv.Test(t, features.New("the CMDB and a client at once").
		Setup(s.Open).
		Assess("an informer sees both", step.Do(func(ctx context.Context, t *testing.T) {
			clients, err := versioned.NewForConfig(s.Config)
			if err != nil {
				t.Fatal(err)
			}
			machines := clients.InventoryV1().Machines(s.Namespace)
			factory := externalversions.NewSharedInformerFactoryWithOptions(clients, 0, externalversions.WithNamespace(s.Namespace))
			informer := factory.Inventory().V1().Machines().Informer()
			var seen history
			if _, err := informer.AddEventHandler(&seen); err != nil {
				t.Fatal(err)
			}
			running, stop := context.WithCancel(ctx)
			factory.Start(running.Done())
			t.Cleanup(func() {
				stop()
				factory.Shutdown()
			})
			// There is no machine yet: all that the informer hears of, it hears of from its watch.
			if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
				t.Fatal("the informer is not in step")
			}

			// Machines that both sides write.
			for i := range 10 {
				if err := importMachine(ctx, s.Namespace, shared(i), 1); err != nil {
					t.Fatal(err)
				}
			}
			var group sync.WaitGroup
			failed := make(chan error, 2)
			group.Go(func() { failed <- asCMDB(ctx, s.Namespace) })
			group.Go(func() { failed <- asClient(ctx, machines) })
			group.Wait()
			if err := errors.Join(<-failed, <-failed); err != nil {
				t.Fatal(err)
			}

			list, err := machines.List(ctx, metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]v1.Machine{}
			cores := map[string]int32{}
			for _, machine := range list.Items {
				want[machine.Name] = machine
				cores[machine.Name] = machine.Spec.Cores
			}
			if rows, err := rowsOf(ctx, s.Namespace); err != nil {
				t.Fatal(err)
			} else if diff := cmp.Diff(rows, cores); diff != "" || len(rows) != 10+2*rounds/5 {
				t.Errorf("%d rows; their cores (-rows +objects):\n%s", len(rows), diff)
			}
			step.Eventually(ctx, t, time.Minute, "the informer to have what there is", func(context.Context) error {
				got := map[string]v1.Machine{}
				for _, object := range informer.GetStore().List() {
					machine := object.(*v1.Machine).DeepCopy()
					machine.TypeMeta = metav1.TypeMeta{} // Objects of a watch say what they are, those of a list do not.
					got[machine.Name] = *machine
				}
				if diff := cmp.Diff(want, got); diff != "" {
					return fmt.Errorf("-listed +informer:\n%s", diff)
				}
				return nil
			})
			seen.check(t, len(want))
		})))
}

func shared(i int) string { return fmt.Sprintf("shared-%d", i%10) }

// importMachine has the CMDB write a machine, new or not.
func importMachine(ctx context.Context, team, name string, cores int) error {
	file := fmt.Sprintf("team,hostname,asset_tag,site_code,rack,rack_unit,cores,memory_mib,lifecycle,purchased_on,monthly_cost\n%s,%s,,fra1,,,%d,65536,in_service,,\n", team, name, cores)
	_, err := cmdb.Import(ctx, strings.NewReader(file))
	return err
}

// asCMDB changes machines with SQL, and adds others: one that it moves to another team and back, and one that it moves for good.
func asCMDB(ctx context.Context, team string) error {
	for i := range rounds {
		if err := importMachine(ctx, team, shared(i), 1000+i); err != nil {
			return err
		}
		if i%5 != 0 {
			continue
		}
		name := fmt.Sprintf("sql-%d", i)
		for _, write := range []func() error{
			func() error { return importMachine(ctx, team, name, 1+i) },
			func() error { return cmdb.Move(ctx, team, name, team+"-gone") },
			func() error { return cmdb.Move(ctx, team+"-gone", name, team) },
			func() error { return importMachine(ctx, team, name+"-gone", 1+i) },
			func() error { return cmdb.Move(ctx, team, name+"-gone", team+"-gone") },
		} {
			if err := write(); err != nil {
				return err
			}
		}
	}
	return nil
}

// asClient changes the same machines with the generated client, adds others, and deletes half of these.
func asClient(ctx context.Context, machines typed.MachineInterface) error {
	for i := range rounds {
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"round":"%d"}},"spec":{"cores":%d}}`, i, 2000+i)
		// The CMDB does not wait for anybody: a patch that lost too often is sent again.
		if err := retry.OnError(retry.DefaultBackoff, apierrors.IsConflict, func() error {
			_, err := machines.Patch(ctx, shared(i), types.MergePatchType, patch, metav1.PatchOptions{})
			return err
		}); err != nil {
			return fmt.Errorf("patching %s: %w", shared(i), err)
		}
		if i%5 != 0 {
			continue
		}
		for _, name := range []string{fmt.Sprintf("api-%d", i), fmt.Sprintf("api-%d-gone", i)} {
			if _, err := machines.Create(ctx, &v1.Machine{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.MachineSpec{SiteCode: "ams1", Cores: 4, MemoryMiB: 8192},
			}, metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("creating %s: %w", name, err)
			}
			if strings.HasSuffix(name, "-gone") {
				if err := machines.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
					return fmt.Errorf("deleting %s: %w", name, err)
				}
			}
		}
	}
	return nil
}

// rowsOf are the cores of a team's machines, as the CMDB has them.
func rowsOf(ctx context.Context, team string) (map[string]int32, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT hostname, cores FROM cmdb.machines WHERE team = $1`, team)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]int32{}
	for rows.Next() {
		var name string
		var cores int32
		if err := rows.Scan(&name, &cores); err != nil {
			return nil, err
		}
		found[name] = cores
	}
	return found, rows.Err()
}

// history is what an informer was told, one after the other.
type history struct {
	mu       sync.Mutex
	versions []string
	left     int
	faults   []string
}

func (h *history) OnAdd(object any, initial bool) {
	h.told(object, "added", 1)
	if initial {
		h.fault("%s was there from the beginning", object.(*v1.Machine).Name)
	}
}

func (h *history) OnUpdate(old, object any) {
	h.told(object, "modified", 0)
	if newer, err := resourceversion.CompareResourceVersion(old.(*v1.Machine).ResourceVersion, object.(*v1.Machine).ResourceVersion); err != nil || newer >= 0 {
		h.fault("%s was modified from %s to %s, %v", object.(*v1.Machine).Name, old.(*v1.Machine).ResourceVersion, object.(*v1.Machine).ResourceVersion, err)
	}
}

func (h *history) OnDelete(object any) { h.told(object, "deleted", -1) }

func (h *history) fault(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, fmt.Sprintf(format, args...))
}

func (h *history) told(object any, how string, more int) {
	machine, is := object.(*v1.Machine)
	if !is {
		h.fault("%T was %s: the watch was broken off", object, how)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.versions = append(h.versions, machine.ResourceVersion)
	h.left += more
}

// check fails for what was told out of order, and if what was told does not add up to as many machines as there are.
func (h *history) check(t *testing.T, want int) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, fault := range h.faults {
		t.Error(fault)
	}
	for i := 1; i < len(h.versions); i++ {
		if order, err := resourceversion.CompareResourceVersion(h.versions[i-1], h.versions[i]); err != nil || order >= 0 {
			t.Errorf("event %d is of resourceVersion %s, after %s (error: %v)", i, h.versions[i], h.versions[i-1], err)
		}
	}
	if h.left != want {
		t.Errorf("what was told adds up to %d machines, there are %d", h.left, want)
	}
	// Each write of either side is an event of its own, but those that change nothing.
	if least := 2*rounds + 8*rounds/5; len(h.versions) < least {
		t.Errorf("%d events were told, want %d at least", len(h.versions), least)
	}
	t.Logf("%d events", len(h.versions))
}
