package capacity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	v1 "example.com/annex/servers/capacity/apis/capacity/v1"
	apply "example.com/annex/servers/client/applyconfiguration/capacity/v1"
	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/capacity/v1"
	"example.com/annex/servers/client/informers/externalversions"
	informers "example.com/annex/servers/client/informers/externalversions/capacity/v1"
	listers "example.com/annex/servers/client/listers/capacity/v1"
)

// newInformer is the generated informer, for features that need no more of it.
func newInformer(config *rest.Config, namespace string, tweak func(*metav1.ListOptions)) (cache.SharedIndexInformer, error) {
	clients, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return informers.NewFilteredReservationInformer(clients, namespace, 0, cache.Indexers{}, tweak), nil
}

// generatedClients uses the generated clientset, informers, listers and apply configurations as a controller does.
func generatedClients() *features.FeatureBuilder {
	var s step.Session
	var reservations typed.ReservationInterface
	var lister listers.ReservationNamespaceLister

	return features.New("generated clients of reservations").
		Setup(s.Open).
		Setup(step.Do(func(ctx context.Context, t *testing.T) {
			clients, err := versioned.NewForConfig(s.Config)
			if err != nil {
				t.Fatal(err)
			}
			reservations = clients.CapacityV1().Reservations(s.Namespace)
			factory := externalversions.NewSharedInformerFactoryWithOptions(clients, 0, externalversions.WithNamespace(s.Namespace))
			lister = factory.Capacity().V1().Reservations().Lister().Reservations(s.Namespace)
			ctx, cancel := context.WithCancel(ctx)
			factory.Start(ctx.Done())
			t.Cleanup(func() {
				cancel()
				factory.Shutdown()
			})
			for informer, synced := range factory.WaitForCacheSync(ctx.Done()) {
				if !synced {
					t.Fatalf("the informer of %s is not synced", informer)
				}
			}
		})).
		Assess("create, get, update, list, delete", step.Do(func(ctx context.Context, t *testing.T) {
			created, err := reservations.Create(ctx, &v1.Reservation{
				ObjectMeta: metav1.ObjectMeta{Name: "written", Labels: map[string]string{"feature": "crud"}},
				Spec:       v1.ReservationSpec{SiteName: "ams-1", Slots: 4},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if created.Spec.Priority != v1.PriorityNormal || created.Status.Phase != v1.ReservationPending || created.UID == "" {
				t.Errorf("created %+v, want the default priority, the phase Pending and a UID", created)
			}
			stale := created.DeepCopy()
			created.Spec.Slots = 6
			updated, err := reservations.Update(ctx, created, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if updated.Spec.Slots != 6 || updated.Generation != 2 {
				t.Errorf("updated to %d slots in generation %d, want 6 in 2", updated.Spec.Slots, updated.Generation)
			}
			if _, err := reservations.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
				t.Errorf("updating with an old resourceVersion: got %v, want a conflict", err)
			}
			list, err := reservations.List(ctx, metav1.ListOptions{LabelSelector: "feature=crud"})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) != 1 || list.Items[0].UID != created.UID || list.ResourceVersion == "" {
				t.Errorf("listed %+v, want the one", list)
			}
			patched, err := reservations.Patch(ctx, "written", types.MergePatchType, []byte(`{"spec":{"priority":"High"}}`), metav1.PatchOptions{})
			if err != nil || patched.Spec.Priority != v1.PriorityHigh || patched.Spec.Slots != 6 {
				t.Errorf("patched: got %+v, %v, want priority High", patched, err)
			}
			if err := reservations.Delete(ctx, "written", metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions("another")}); !apierrors.IsConflict(err) {
				t.Errorf("deleting another's UID: got %v, want a conflict", err)
			}
			if err := reservations.Delete(ctx, "written", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := reservations.Get(ctx, "written", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("after deletion: got %v, want not found", err)
			}
		})).
		Assess("update the status", step.Do(func(ctx context.Context, t *testing.T) {
			created, err := reservations.Create(ctx, &v1.Reservation{
				ObjectMeta: metav1.ObjectMeta{Name: "bound"}, Spec: v1.ReservationSpec{SiteName: "ams-1", Slots: 4},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			created.Spec.Slots = 99 // Ignored here.
			created.Status = v1.ReservationStatus{Phase: v1.ReservationBound, BoundSlots: 4, ObservedGeneration: 1}
			updated, err := reservations.UpdateStatus(ctx, created, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if updated.Status.BoundSlots != 4 || updated.Spec.Slots != 4 || updated.Generation != 1 {
				t.Errorf("got %+v, want the status alone to be written", updated)
			}
		})).
		Assess("apply, a conflict, and force", step.Do(func(ctx context.Context, t *testing.T) {
			wanted := func(slots int32) *apply.ReservationApplyConfiguration {
				return apply.Reservation("applied", s.Namespace).
					WithSpec(apply.ReservationSpec().WithSiteName("ams-1").WithSlots(slots))
			}
			first, err := reservations.Apply(ctx, wanted(4), metav1.ApplyOptions{FieldManager: "first"})
			if err != nil {
				t.Fatal(err)
			}
			if first.Spec.Slots != 4 || first.Spec.Priority != v1.PriorityNormal {
				t.Errorf("applied %+v, want 4 slots and the default priority", first.Spec)
			}
			_, err = reservations.Apply(ctx, wanted(8), metav1.ApplyOptions{FieldManager: "second"})
			if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), ".spec.slots") {
				t.Errorf("applying another's field: got %v, want a conflict about .spec.slots", err)
			}
			forced, err := reservations.Apply(ctx, wanted(8), metav1.ApplyOptions{FieldManager: "second", Force: true})
			if err != nil || forced.Spec.Slots != 8 {
				t.Errorf("with force: got %+v, %v, want 8 slots", forced, err)
			}
		})).
		Assess("extract what a manager owns, change it, apply it again", step.Do(func(ctx context.Context, t *testing.T) {
			options := metav1.ApplyOptions{FieldManager: "extractor"}
			object, err := reservations.Apply(ctx, apply.Reservation("extracted", s.Namespace).
				WithLabels(map[string]string{"kept": "yes"}).
				WithSpec(apply.ReservationSpec().WithSiteName("ams-1").WithSlots(4)), options)
			if err != nil {
				t.Fatal(err)
			}
			statusOf := apply.Reservation("extracted", s.Namespace).
				WithStatus(apply.ReservationStatus().WithPhase(v1.ReservationBound).WithBoundSlots(3).WithObservedGeneration(1))
			if object, err = reservations.ApplyStatus(ctx, statusOf, options); err != nil {
				t.Fatal(err)
			}
			if object.Status.BoundSlots != 3 {
				t.Errorf("applied the status %+v, want 3 bound slots", object.Status)
			}
			owned, err := apply.ExtractReservation(object, options.FieldManager)
			if err != nil {
				t.Fatal(err)
			}
			if owned.Spec == nil || owned.Spec.Slots == nil || *owned.Spec.Slots != 4 || owned.Spec.Priority != nil || owned.Status != nil || owned.Labels["kept"] != "yes" {
				t.Fatalf("extracted %+v, want what was applied and no more", owned)
			}
			status, err := apply.ExtractReservationStatus(object, options.FieldManager)
			if err != nil || status.Status == nil || *status.Status.BoundSlots != 3 || status.Spec != nil {
				t.Errorf("extracted the status %+v, %v, want 3 bound slots and no spec", status, err)
			}
			owned.Spec.WithSlots(5)
			if object, err = reservations.Apply(ctx, owned, options); err != nil {
				t.Fatal(err)
			}
			if object.Spec.Slots != 5 || object.Labels["kept"] != "yes" || object.Status.BoundSlots != 3 {
				t.Errorf("applied %+v, want only slots to be changed", object)
			}
		})).
		Assess("the lister is in step with the list", step.Do(func(ctx context.Context, t *testing.T) {
			list, err := reservations.List(ctx, metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) == 0 {
				t.Fatal("nothing is left of the assessments before")
			}
			step.Eventually(ctx, t, 10*time.Second, "the lister to have what was listed", func(context.Context) error {
				cached, err := lister.List(labels.Everything())
				if err != nil {
					return err
				}
				if len(cached) != len(list.Items) {
					return fmt.Errorf("it has %d objects, want %d", len(cached), len(list.Items))
				}
				for _, want := range list.Items {
					got, err := lister.Get(want.Name)
					if err != nil {
						return err
					}
					if got.ResourceVersion != want.ResourceVersion {
						return fmt.Errorf("%s is at resourceVersion %s, want %s", want.Name, got.ResourceVersion, want.ResourceVersion)
					}
				}
				return nil
			})
			if _, err := lister.Get("nobody"); !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), "reservation") {
				t.Errorf("an unknown name: got %v, want not found", err)
			}
		})).
		Assess("a watch has typed objects and bookmarks", step.Do(func(ctx context.Context, t *testing.T) {
			watch, err := reservations.Watch(ctx, metav1.ListOptions{
				SendInitialEvents: new(true), ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true, TimeoutSeconds: new(int64(30)),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer watch.Stop()
			seen := 0
			for event := range watch.ResultChan() {
				object, ok := event.Object.(*v1.Reservation)
				if !ok {
					t.Fatal(unexpected(event.Object))
				}
				if object.Annotations[metav1.InitialEventsAnnotationKey] == "true" {
					if seen == 0 {
						t.Error("nothing came before the bookmark")
					}
					return
				}
				seen++
			}
			t.Error("the watch ended before the initial events did")
		}))
}

func unexpected(object runtime.Object) error {
	if status, ok := object.(*metav1.Status); ok {
		return apierrors.FromObject(status)
	}
	return errors.New("got " + fmt.Sprintf("%T", object) + ", want a Reservation")
}

func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	testenv.Test(t, generatedClients())
}
