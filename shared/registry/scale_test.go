package registry

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/operation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/utils/ptr"
)

// replicaSets are upstream's, as a Standard of two versions. The older one claims to have the number elsewhere.
func replicaSets() Standard[*appsv1.ReplicaSet, appsv1.ReplicaSetSpec, appsv1.ReplicaSetStatus] {
	return Standard[*appsv1.ReplicaSet, appsv1.ReplicaSetSpec, appsv1.ReplicaSetStatus]{
		Plural: "replicasets", Singular: "replicaset",
		New:     func() *appsv1.ReplicaSet { return &appsv1.ReplicaSet{} },
		NewList: func() runtime.Object { return &appsv1.ReplicaSetList{} },
		Strategy: Strategy[*appsv1.ReplicaSet, appsv1.ReplicaSetSpec, appsv1.ReplicaSetStatus]{
			Spec:   func(r *appsv1.ReplicaSet) *appsv1.ReplicaSetSpec { return &r.Spec },
			Status: func(r *appsv1.ReplicaSet) *appsv1.ReplicaSetStatus { return &r.Status },
		},
		FieldPaths: FieldPaths{"v1beta1": {"spec.replicas": "spec.size.number"}},
		Scale: &Scale[*appsv1.ReplicaSet]{
			Path:           "spec.replicas",
			Replicas:       func(r *appsv1.ReplicaSet) *int32 { return r.Spec.Replicas },
			StatusReplicas: func(r *appsv1.ReplicaSet) int32 { return r.Status.Replicas },
			Selector:       func(r *appsv1.ReplicaSet) *metav1.LabelSelector { return r.Spec.Selector },
		},
	}
}

func replicaSet() *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: "a", Namespace: "n", UID: "u", ResourceVersion: "7", Generation: 3,
			CreationTimestamp: metav1.Unix(1, 0), Labels: map[string]string{"kept": "yes"},
		},
		Spec:   appsv1.ReplicaSetSpec{Replicas: ptr.To[int32](4), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x", "tier": "y"}}},
		Status: appsv1.ReplicaSetStatus{Replicas: 2},
	}
}

func scaleOf(t *testing.T) (*scaleStore[*appsv1.ReplicaSet], scaleStrategy[*appsv1.ReplicaSet, appsv1.ReplicaSetSpec, appsv1.ReplicaSetStatus]) {
	t.Helper()
	s := runtime.NewScheme()
	for _, version := range []string{runtime.APIVersionInternal, "v1", "v1beta1"} {
		s.AddKnownTypes(schema.GroupVersion{Group: "apps", Version: version}, &appsv1.ReplicaSet{}, &appsv1.ReplicaSetList{})
	}
	description := replicaSets()
	kind := schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}
	main := newStrategy(description.Strategy, description.FieldPaths, s, kind)
	store := &genericregistry.Store{DefaultQualifiedResource: schema.GroupResource{Group: "apps", Resource: "replicasets"}}
	scale, err := newScaleStore(*description.Scale, store, main, kind)
	if err != nil {
		t.Fatal(err)
	}
	return scale, scale.store.UpdateStrategy.(scaleStrategy[*appsv1.ReplicaSet, appsv1.ReplicaSetSpec, appsv1.ReplicaSetStatus])
}

func inVersion(version, subresource string) context.Context {
	return request.WithRequestInfo(context.Background(), &request.RequestInfo{APIGroup: "apps", APIVersion: version, Subresource: subresource})
}

func TestScaleOfAnObject(t *testing.T) {
	t.Parallel()
	s, _ := scaleOf(t)
	got, err := s.of(replicaSet())
	if err != nil {
		t.Fatal(err)
	}
	want := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "n", UID: "u", ResourceVersion: "7", CreationTimestamp: metav1.Unix(1, 0)},
		Spec:       autoscalingv1.ScaleSpec{Replicas: 4},
		Status:     autoscalingv1.ScaleStatus{Replicas: 2, Selector: "app=x,tier=y"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scale (-want +got):\n%s", diff)
	}
	unselected := replicaSet()
	unselected.Spec.Selector = nil
	if got, err := s.of(unselected); err != nil || got.Status.Selector != "" {
		t.Errorf("without a selector: got %q, %v", got.Status.Selector, err)
	}
	unselected.Spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Like"}}}
	if _, err := s.of(unselected); err == nil {
		t.Error("a selector that is none: want an error")
	}
	table, err := s.ConvertToTable(context.Background(), got, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{"a", int64(4), int64(2)}, table.Rows[0].Cells[:3]); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

// update makes the object that is stored when a client sends what change makes of the Scale.
func updateScale(t *testing.T, version string, old *appsv1.ReplicaSet, change func(*autoscalingv1.Scale)) (*appsv1.ReplicaSet, error) {
	t.Helper()
	s, _ := scaleOf(t)
	info := rest.DefaultUpdatedObjectInfo(nil, func(_ context.Context, _, scale runtime.Object) (runtime.Object, error) {
		sent := scale.(*autoscalingv1.Scale).DeepCopy()
		change(sent)
		return sent, nil
	})
	before := old.DeepCopy()
	object, err := scaleUpdate[*appsv1.ReplicaSet]{info, s}.UpdatedObject(inVersion(version, "scale"), old)
	if diff := cmp.Diff(before, old); diff != "" {
		t.Errorf("the old object was changed (-before +after):\n%s", diff)
	}
	if err != nil {
		return nil, err
	}
	return object.(*appsv1.ReplicaSet), nil
}

func TestScaleUpdateChangesTheNumberAlone(t *testing.T) {
	t.Parallel()
	got, err := updateScale(t, "v1", replicaSet(), func(s *autoscalingv1.Scale) {
		s.Spec.Replicas, s.Status.Replicas, s.Status.Selector = 9, 9, "another=one"
		s.Labels, s.ResourceVersion = map[string]string{"sent": "yes"}, "6"
	})
	if err != nil {
		t.Fatal(err)
	}
	want := replicaSet()
	want.Spec.Replicas, want.ResourceVersion = ptr.To[int32](9), "6" // which the store compares
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after an update of the scale (-want +got):\n%s", diff)
	}
}

func TestScaleUpdateRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*autoscalingv1.Scale)
		is     func(error) bool
		want   string
	}{
		"of another object": {func(s *autoscalingv1.Scale) { s.UID = "another" }, apierrors.IsConflict, `replicasets/scale.apps "a": the Scale has the uid another`},
		"negative":          {func(s *autoscalingv1.Scale) { s.Spec.Replicas = -1 }, apierrors.IsInvalid, `Scale.autoscaling "a" is invalid: spec.replicas: Invalid value: -1`},
		"managed by nobody": {func(s *autoscalingv1.Scale) {
			s.ManagedFields = []metav1.ManagedFieldsEntry{{Operation: "Guess"}}
		}, apierrors.IsInvalid, "metadata.managedFields"},
	} {
		if _, err := updateScale(t, "v1", replicaSet(), tc.change); !tc.is(err) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

// TestScaleManagedFields: who has the number of the object has that of the Scale, whichever version he wrote, and who takes it
// through the Scale has it in the version of his request.
func TestScaleManagedFields(t *testing.T) {
	t.Parallel()
	entry := func(manager, version, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: version,
			FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
		}
	}
	old := replicaSet()
	old.ManagedFields = []metav1.ManagedFieldsEntry{
		entry("newer", "apps/v1", `{"f:spec":{"f:replicas":{},"f:minReadySeconds":{}}}`),
		entry("older", "apps/v1beta1", `{"f:spec":{"f:size":{"f:number":{}}}}`),
	}
	got, err := updateScale(t, "v1beta1", old, func(s *autoscalingv1.Scale) {
		var seen []string
		for _, e := range s.ManagedFields {
			seen = append(seen, e.Manager+" "+e.APIVersion+" "+e.FieldsV1.GetRawString())
		}
		if diff := cmp.Diff([]string{`newer autoscaling/v1 {"f:spec":{"f:replicas":{}}}`, `older autoscaling/v1 {"f:spec":{"f:replicas":{}}}`}, seen); diff != "" {
			t.Errorf("managers of the Scale (-want +got):\n%s", diff)
		}
		s.ManagedFields = []metav1.ManagedFieldsEntry{entry("scaler", "autoscaling/v1", `{"f:spec":{"f:replicas":{}}}`)}
	})
	if err != nil {
		t.Fatal(err)
	}
	managers := map[string]string{}
	for _, e := range got.ManagedFields {
		managers[e.Manager] = e.APIVersion + " " + e.FieldsV1.GetRawString()
	}
	if diff := cmp.Diff(map[string]string{
		"newer":  `apps/v1 {"f:spec":{"f:minReadySeconds":{}}}`,
		"scaler": `apps/v1beta1 {"f:spec":{"f:size":{"f:number":{}}}}`,
	}, managers); diff != "" {
		t.Errorf("managers of the object (-want +got):\n%s", diff)
	}
}

// TestScaleErrors: they are about the Scale, and name its field, whichever version the request is about.
func TestScaleErrors(t *testing.T) {
	t.Parallel()
	_, strategy := scaleOf(t)
	kinds, _, err := strategy.ObjectKinds(replicaSet())
	if err != nil || len(kinds) != 1 || kinds[0].String() != "autoscaling/v1, Kind=Scale" {
		t.Errorf("what is not valid is %v, %v; want the Scale", kinds, err)
	}
	for version, path := range map[string]*field.Path{"v1": field.NewPath("spec", "replicas"), "v1beta1": field.NewPath("spec", "size", "number")} {
		errs := field.ErrorList{
			field.Required(path, ""),
			field.Invalid(path, 9, "must be lower"),
			field.Forbidden(field.NewPath("spec"), "is sealed"),
		}
		// Upstream's types have no tags for this API server: the functions' errors are all there is.
		got := strategy.ValidateDeclaratively(inVersion(version, "scale"), replicaSet(), replicaSet(), errs, operation.Update, rest.DeclarativeValidationConfig{})
		want := []string{"spec.replicas: Invalid value: 0: must not be 0", "spec.replicas: Invalid value: 9: must be lower", "spec: Forbidden: is sealed"}
		var texts []string
		for _, err := range got {
			texts = append(texts, err.Error())
		}
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Errorf("errors in %s (-want +got):\n%s", version, diff)
		}
	}
}

// TestScaleIsSpoken: requests and answers are autoscaling/v1, and what handlers get is the same type.
func TestScaleIsSpoken(t *testing.T) {
	t.Parallel()
	s := runtime.NewScheme()
	if err := replicaSets().AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	codecs := serializer.NewCodecFactory(s)
	internal := schema.GroupVersion{Group: "autoscaling", Version: runtime.APIVersionInternal}
	decoded, err := runtime.Decode(codecs.UniversalDecoder(internal), []byte(`{"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":3}}`))
	if err != nil {
		t.Fatal(err)
	}
	scale, ok := decoded.(*autoscalingv1.Scale)
	if !ok || scale.Spec.Replicas != 3 {
		t.Fatalf("got %#v, want a Scale of 3", decoded)
	}
	encoded, err := runtime.Encode(codecs.LegacyCodec(autoscalingv1.SchemeGroupVersion), scale)
	if err != nil {
		t.Fatal(err)
	}
	var written metav1.TypeMeta
	if err := json.Unmarshal(encoded, &written); err != nil || written != (metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"}) {
		t.Errorf("got %s, %v; want an autoscaling/v1 Scale", encoded, err)
	}
}

func TestSubresources(t *testing.T) {
	t.Parallel()
	scaled, plain, logged := replicaSets(), replicaSets(), replicaSets()
	plain.Scale, logged.Scale = nil, nil
	log := replicaSetLog()
	logged.Log = &log
	for _, tc := range []struct {
		resource Resource
		want     []Subresource
	}{
		{scaled, []Subresource{{Name: "status", View: []string{"get"}}, {Name: "scale", View: []string{"get"}, Edit: []string{"update", "patch"}}}},
		{plain, []Subresource{{Name: "status", View: []string{"get"}}}},
		{logged, []Subresource{{Name: "status", View: []string{"get"}}, {Name: "log", View: []string{"get"}, LongRunning: true}}},
	} {
		if diff := cmp.Diff(tc.want, SubresourcesOf(tc.resource)); diff != "" {
			t.Errorf("subresources (-want +got):\n%s", diff)
		}
	}
	s := runtime.NewScheme()
	if err := plain.AddToScheme(s); err != nil || s.Recognizes(scaleKind) {
		t.Errorf("without a scale subresource, the scheme has %v, %v", s.AllKnownTypes(), err)
	}
}

func TestIncompleteScale(t *testing.T) {
	t.Parallel()
	description := replicaSets()
	description.Scale = &Scale[*appsv1.ReplicaSet]{Path: "spec.replicas"}
	_, err := description.Storage(Options{Group: "apps", Scheme: runtime.NewScheme()})
	if err == nil || !strings.Contains(err.Error(), "Scale needs Path, Replicas and StatusReplicas") {
		t.Errorf("got %v, want an error about Scale", err)
	}
}
