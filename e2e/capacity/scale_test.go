package capacity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applyautoscaling "k8s.io/client-go/applyconfigurations/autoscaling/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	scaleclient "k8s.io/client-go/scale"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/resources"
	"example.com/annex/e2e/step"
	"example.com/annex/servers/client/clientset/versioned"
)

// autoscalerTimeout is how long the controller of HorizontalPodAutoscalers may take: it learns of new resources every 30
// seconds, and looks at each autoscaler every 15 (k8s.io/kubernetes/cmd/kube-controller-manager).
const autoscalerTimeout = 90 * time.Second

// trial is Reservations in the hands of one feature.
type trial struct {
	step.Session
}

// create makes a Reservation of the sample, changed.
func (tr *trial) create(ctx context.Context, t *testing.T, name string, changes ...conformance.Field) *unstructured.Unstructured {
	t.Helper()
	r := resources.Reservations()[0]
	object, err := r.New(tr.Namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change.Set(t, object)
	}
	if object, err = r.Objects(tr.Clients, tr.Namespace).Create(ctx, object, metav1.CreateOptions{}); err != nil {
		t.Fatalf("creating %s: %v", name, err)
	}
	return object
}

// get reads a Reservation or its subresource.
func (tr *trial) get(ctx context.Context, t *testing.T, name string, subresources ...string) *unstructured.Unstructured {
	t.Helper()
	object, err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Get(ctx, name, metav1.GetOptions{}, subresources...)
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return object
}

// status writes the status of a Reservation.
func (tr *trial) status(ctx context.Context, t *testing.T, name, status string) {
	t.Helper()
	_, err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Patch(ctx, name, types.MergePatchType, []byte(`{"status":`+status+`}`), metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatalf("writing the status of %s: %v", name, err)
	}
}

var (
	slots    = conformance.Field{Path: []string{"spec", "slots"}, Value: int64(4)}
	replicas = conformance.Field{Path: []string{"spec", "replicas"}}
	selector = conformance.Field{Path: []string{"spec", "selector"}, Value: map[string]any{"matchLabels": map[string]any{"app": "builds"}}}
)

func expectField(t *testing.T, object *unstructured.Unstructured, field conformance.Field, want any) {
	t.Helper()
	if diff := cmp.Diff(want, field.Get(object)); diff != "" {
		t.Errorf("%s of %s (-want +got):\n%s", field, object.GetName(), diff)
	}
}

// scaling is what the scale subresource of Reservations does besides what any does.
func scaling() *features.FeatureBuilder {
	tr := &trial{}
	return features.New("scale of reservations").
		Setup(tr.Open).
		Assess("shows slots, bound slots and selector", step.Do(func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "shown", selector)
			tr.status(ctx, t, "shown", `{"observedGeneration":1,"phase":"Bound","boundSlots":3}`)
			scale := tr.get(ctx, t, "shown", "scale")
			want := map[string]any{"spec": map[string]any{"replicas": int64(4)}, "status": map[string]any{"replicas": int64(3), "selector": "app=builds"}}
			for field, value := range want {
				if diff := cmp.Diff(value, scale.Object[field]); diff != "" {
					t.Errorf("%s of the scale (-want +got):\n%s", field, diff)
				}
			}
			out := strings.Fields(tr.Kubectl(ctx, t, "get", "rsv/shown", "--subresource=scale"))
			if diff := cmp.Diff([]string{"NAME", "DESIRED", "AVAILABLE", "AGE", "shown", "4", "3"}, out[:min(len(out), 7)]); diff != "" {
				t.Errorf("kubectl get --subresource=scale (-want +got):\n%s", diff)
			}
		})).
		Assess("kubectl scale", step.Do(func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "kubectl")
			for _, args := range [][]string{{"--replicas=5"}, {"--replicas=6", "--current-replicas=5"}} {
				if out := tr.Kubectl(ctx, t, append([]string{"scale", "reservation/kubectl"}, args...)...); out != "reservation.capacity.example.com/kubectl scaled\n" {
					t.Errorf("kubectl scale %v: %q", args, out)
				}
			}
			if _, err := tr.TryKubectl(ctx, t, "scale", "reservation/kubectl", "--replicas=9", "--current-replicas=5"); err == nil || !strings.Contains(err.Error(), "Expected replicas to be 5, was 6") {
				t.Errorf("kubectl scale --current-replicas with another number: %v", err)
			}
			object := tr.get(ctx, t, "kubectl")
			expectField(t, object, slots, int64(6))
			if object.GetGeneration() != 3 {
				t.Errorf("generation %d after two changes of a new object, want 3", object.GetGeneration())
			}
		})).
		Assess("a scale of another object of the same name conflicts", step.Do(func(ctx context.Context, t *testing.T) {
			objects := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace)
			tr.create(ctx, t, "again")
			scale := tr.get(ctx, t, "again", "scale")
			if err := objects.Delete(ctx, "again", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			second := tr.create(ctx, t, "again")
			scale.SetResourceVersion("") // Only the uid tells them apart.
			_, err := objects.Update(ctx, scale, metav1.UpdateOptions{}, "scale")
			if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), string(second.GetUID())) {
				t.Errorf("got %v, want a conflict that names the uid %s", err, second.GetUID())
			}
		})).
		Assess("what a Reservation can't have, its scale refuses in its own words", step.Do(func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "refused")
			tr.create(ctx, t, "released")
			tr.status(ctx, t, "released", `{"observedGeneration":1,"phase":"Released"}`)
			for _, r := range resources.Reservations() {
				for _, tc := range []struct {
					name     string
					replicas int
					want     string
				}{
					{"refused", -1, `Scale.autoscaling "refused" is invalid: spec.replicas: Invalid value: -1`},
					{"refused", 0, `Scale.autoscaling "refused" is invalid: spec.replicas: Invalid value: 0`},
					{"refused", 100001, `Scale.autoscaling "refused" is invalid: spec.replicas: Invalid value: 100001`},
					{"released", 5, `Scale.autoscaling "released" is invalid: spec: Forbidden: can't be changed after the Reservation was released`},
				} {
					_, err := r.Objects(tr.Clients, tr.Namespace).Patch(ctx, tc.name, types.MergePatchType,
						fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, tc.replicas), metav1.PatchOptions{}, "scale")
					if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), tc.want) {
						t.Errorf("%d replicas of %s in %s: got %v, want %q", tc.replicas, tc.name, r.GVR.Version, err, tc.want)
					}
				}
			}
		})).
		Assess("who owns the slots owns the replicas, in whichever version", step.Do(func(ctx context.Context, t *testing.T) {
			owned, err := resources.Reservations()[0].New(tr.Namespace, "owned")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Apply(ctx, "owned", owned, metav1.ApplyOptions{FieldManager: "owner"}); err != nil {
				t.Fatal(err)
			}
			scale := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": map[string]any{"name": "owned"}, "spec": map[string]any{"replicas": int64(7)},
			}}
			older := resources.Reservations()[1].Objects(tr.Clients, tr.Namespace)
			_, err = older.Apply(ctx, "owned", scale, metav1.ApplyOptions{FieldManager: "scaler"}, "scale")
			if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "owner"`) || !strings.Contains(err.Error(), ".spec.replicas") {
				t.Errorf("got %v, want a conflict with owner about .spec.replicas", err)
			}
			if _, err := older.Apply(ctx, "owned", scale, metav1.ApplyOptions{FieldManager: "scaler", Force: true}, "scale"); err != nil {
				t.Fatal(err)
			}
			object := tr.get(ctx, t, "owned")
			expectField(t, object, slots, int64(7))
			for _, entry := range object.GetManagedFields() {
				fields := entry.FieldsV1.GetRawString()
				switch entry.Manager {
				case "owner":
					if strings.Contains(fields, "f:slots") || !strings.Contains(fields, "f:siteName") {
						t.Errorf("owner has %s, want all but the slots", fields)
					}
				case "scaler":
					if want := `{"f:spec":{"f:request":{"f:slots":{}}}}`; fields != want || entry.APIVersion != "capacity.example.com/v1beta1" || entry.Subresource != "scale" {
						t.Errorf("scaler has %s of %s by %q, want %s by scale", fields, entry.APIVersion, entry.Subresource, want)
					}
				default:
					t.Errorf("%s manages something", entry.Manager)
				}
			}
			// The owner can't take it back without force, either.
			_, err = resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Apply(ctx, "owned", owned, metav1.ApplyOptions{FieldManager: "owner"})
			if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "scaler"`) {
				t.Errorf("got %v, want a conflict with scaler", err)
			}
		}))
}

// scaleClients are the clients that autoscalers and controllers scale with, generated and client-go's.
func scaleClients() *features.FeatureBuilder {
	// scaler is what the generated clients of all versions have in common here.
	type scaler interface {
		GetScale(ctx context.Context, name string, options metav1.GetOptions) (*autoscalingv1.Scale, error)
		UpdateScale(ctx context.Context, name string, scale *autoscalingv1.Scale, options metav1.UpdateOptions) (*autoscalingv1.Scale, error)
		ApplyScale(ctx context.Context, name string, scale *applyautoscaling.ScaleApplyConfiguration, options metav1.ApplyOptions) (*autoscalingv1.Scale, error)
	}
	tr := &trial{}
	return features.New("clients of the scale of reservations").
		Setup(tr.Open).
		Assess("generated clients get, update and apply it", step.Do(func(ctx context.Context, t *testing.T) {
			clients, err := versioned.NewForConfig(tr.Config)
			if err != nil {
				t.Fatal(err)
			}
			for version, reservations := range map[string]scaler{
				"v1": clients.CapacityV1().Reservations(tr.Namespace), "v1beta1": clients.CapacityV1beta1().Reservations(tr.Namespace),
			} {
				name := "generated-" + version
				tr.create(ctx, t, name, selector)
				got, err := reservations.GetScale(ctx, name, metav1.GetOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if got.Spec.Replicas != 4 || got.Status.Selector != "app=builds" {
					t.Errorf("%s: got %+v and %+v, want 4 replicas and the selector", version, got.Spec, got.Status)
				}
				stale := got.DeepCopy()
				got.Spec.Replicas = 5
				if got, err = reservations.UpdateScale(ctx, name, got, metav1.UpdateOptions{}); err != nil || got.Spec.Replicas != 5 {
					t.Errorf("%s: updated to %+v, %v, want 5 replicas", version, got, err)
				}
				if _, err := reservations.UpdateScale(ctx, name, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
					t.Errorf("%s: updating with an old resourceVersion: got %v, want a conflict", version, err)
				}
				wanted := applyautoscaling.Scale().WithName(name).WithSpec(applyautoscaling.ScaleSpec().WithReplicas(6))
				if _, err := reservations.ApplyScale(ctx, name, wanted, metav1.ApplyOptions{FieldManager: "scaler"}); !apierrors.IsConflict(err) {
					t.Errorf("%s: applying another's number: got %v, want a conflict", version, err)
				}
				applied, err := reservations.ApplyScale(ctx, name, wanted, metav1.ApplyOptions{FieldManager: "scaler", Force: true})
				if err != nil || applied.Spec.Replicas != 6 {
					t.Errorf("%s: applied %+v, %v, want 6 replicas", version, applied, err)
				}
				expectField(t, tr.get(ctx, t, name), slots, int64(6))
			}
		})).
		Assess("client-go's client of any scale", step.Do(func(ctx context.Context, t *testing.T) {
			resolver := scaleclient.NewDiscoveryScaleKindResolver(tr.Kubernetes.Discovery())
			mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(tr.Kubernetes.Discovery()))
			clients, err := scaleclient.NewForConfig(rest.CopyConfig(tr.Config), mapper, dynamic.LegacyAPIPathResolverFunc, resolver)
			if err != nil {
				t.Fatal(err)
			}
			tr.create(ctx, t, "any")
			resource := resources.Reservations()[0].GVR
			scales := clients.Scales(tr.Namespace)
			scale, err := scales.Get(ctx, resource.GroupResource(), "any", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			scale.Spec.Replicas++
			if scale, err = scales.Update(ctx, resource.GroupResource(), scale, metav1.UpdateOptions{}); err != nil || scale.Spec.Replicas != 5 {
				t.Errorf("updated to %+v, %v, want 5 replicas", scale, err)
			}
			for i, gvr := range []schema.GroupVersionResource{resource, resources.Reservations()[1].GVR} {
				want := int32(6 + i)
				scale, err := scales.Patch(ctx, gvr, "any", types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, want), metav1.PatchOptions{})
				if err != nil || scale.Spec.Replicas != want {
					t.Errorf("patched in %s: got %+v, %v, want %d replicas", gvr.Version, scale, err, want)
				}
			}
			expectField(t, tr.get(ctx, t, "any"), slots, int64(7))
		}))
}

// autoscaling lets the controller of HorizontalPodAutoscalers scale a Reservation. There are no pods, and so no metrics: it goes
// as far as it goes without, and that is to the minimum.
func autoscaling() *features.FeatureBuilder {
	tr := &trial{}
	return features.New("HorizontalPodAutoscaler of a reservation").
		Setup(tr.Open).
		Assess("it reads the scale, and writes it", step.Do(func(ctx context.Context, t *testing.T) {
			for name, changes := range map[string][]conformance.Field{"selected": {selector}, "unselected": nil} {
				tr.create(ctx, t, name, changes...)
				autoscaler := &autoscalingv2.HorizontalPodAutoscaler{
					ObjectMeta: metav1.ObjectMeta{Name: name},
					Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
						ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "capacity.example.com/v1", Kind: "Reservation", Name: name},
						MinReplicas:    new(int32(6)),
						MaxReplicas:    10,
					},
				}
				if _, err := tr.Kubernetes.AutoscalingV2().HorizontalPodAutoscalers(tr.Namespace).Create(ctx, autoscaler, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			// Once it is at the minimum, the controller asks for metrics of the pods: those of the selector, if there is one.
			for name, reason := range map[string]string{"selected": "FailedGetResourceMetric", "unselected": "InvalidSelector"} {
				step.Eventually(ctx, t, autoscalerTimeout, "the autoscaler of "+name, func(ctx context.Context) error {
					autoscaler, err := tr.Kubernetes.AutoscalingV2().HorizontalPodAutoscalers(tr.Namespace).Get(ctx, name, metav1.GetOptions{})
					if err != nil {
						return err
					}
					return errors.Join(
						expectCondition(autoscaler, autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededGetScale"),
						expectCondition(autoscaler, autoscalingv2.ScalingActive, corev1.ConditionFalse, reason))
				})
				object := tr.get(ctx, t, name)
				expectField(t, object, slots, int64(6))
				found := false
				for _, entry := range object.GetManagedFields() {
					found = found || entry.Manager == "kube-controller-manager" && entry.Subresource == "scale"
				}
				if !found {
					t.Errorf("kube-controller-manager manages nothing of %s by its scale: %v", name, object.GetManagedFields())
				}
			}
		}))
}

func expectCondition(a *autoscalingv2.HorizontalPodAutoscaler, kind autoscalingv2.HorizontalPodAutoscalerConditionType, status corev1.ConditionStatus, reason string) error {
	for _, c := range a.Status.Conditions {
		if c.Type == kind && c.Status == status && c.Reason == reason {
			return nil
		}
	}
	return fmt.Errorf("want %s=%s, %s; the conditions are %v", kind, status, reason, a.Status.Conditions)
}

func TestScale(t *testing.T)        { t.Parallel(); testenv.Test(t, scaling()) }
func TestScaleClients(t *testing.T) { t.Parallel(); testenv.Test(t, scaleClients()) }
func TestAutoscale(t *testing.T)    { t.Parallel(); testenv.Test(t, autoscaling()) }
