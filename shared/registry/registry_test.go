package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
	"k8s.io/sample-apiserver/pkg/apis/wardle/install"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// flunders is a Standard on upstream's sample type. Its status type is empty, so two strings of its spec stand for
// spec and status.
func flunders() Standard[*wardle.Flunder, string, string] {
	return Standard[*wardle.Flunder, string, string]{
		Plural:     "flunders",
		Singular:   "flunder",
		ShortNames: []string{"fl"},
		New:        func() *wardle.Flunder { return &wardle.Flunder{} },
		NewList:    func() runtime.Object { return &wardle.FlunderList{} },
		Strategy: Strategy[*wardle.Flunder, string, string]{
			Spec:   func(f *wardle.Flunder) *string { return &f.Spec.FlunderReference },
			Status: func(f *wardle.Flunder) *string { return &f.Spec.FischerReference },
		},
		Columns: []Column[*wardle.Flunder]{
			{Name: "Reference", Value: func(f *wardle.Flunder) any { return f.Spec.FlunderReference }},
			{Name: "Type", Priority: 1, Value: func(f *wardle.Flunder) any { return string(f.Spec.ReferenceType) }},
		},
		SelectableFields: map[string]func(*wardle.Flunder) string{
			"spec.reference": func(f *wardle.Flunder) string { return f.Spec.FlunderReference },
		},
	}
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	install.Install(s)
	return s
}

func flunder(generation int64, spec, status string) *wardle.Flunder {
	f := &wardle.Flunder{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "n", Generation: generation}}
	f.Spec.FlunderReference, f.Spec.FischerReference = spec, status
	return f
}

func strategies(t *testing.T, s Strategy[*wardle.Flunder, string, string]) (*strategy[*wardle.Flunder, string, string], statusStrategy[*wardle.Flunder, string, string]) {
	t.Helper()
	kind := wardle.Kind("Flunder")
	main := newStrategy(s, FieldPaths{"v1beta1": {"object": "spec.object", "step": "spec.step", "status": "state"}}, scheme(), kind)
	return main, statusStrategy[*wardle.Flunder, string, string]{main}
}

func TestCreateClearsStatusAndStartsGeneration(t *testing.T) {
	t.Parallel()
	description := flunders().Strategy
	main, _ := strategies(t, description)
	got := flunder(7, "wanted", "pretended")
	main.PrepareForCreate(context.Background(), got)
	if diff := cmp.Diff(flunder(1, "wanted", ""), got); diff != "" {
		t.Errorf("after PrepareForCreate (-want +got):\n%s", diff)
	}

	description.PrepareForCreate = func(_ context.Context, f *wardle.Flunder) { f.Spec.FischerReference = "initial" }
	main, _ = strategies(t, description)
	got = flunder(7, "wanted", "pretended")
	main.PrepareForCreate(context.Background(), got)
	if diff := cmp.Diff(flunder(1, "wanted", "initial"), got); diff != "" {
		t.Errorf("after PrepareForCreate with a hook (-want +got):\n%s", diff)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	old := flunder(3, "spec", "status")
	old.Labels = map[string]string{"old": "yes"}
	relabelled := func(f *wardle.Flunder) *wardle.Flunder {
		f.Labels = map[string]string{"new": "yes"}
		f.Annotations = map[string]string{"new": "yes"}
		f.Finalizers = []string{"example.com/new"}
		f.OwnerReferences = []metav1.OwnerReference{{Name: "new"}}
		return f
	}
	deleted := func(f *wardle.Flunder) *wardle.Flunder {
		f.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
		return f
	}
	kept := func(f *wardle.Flunder) *wardle.Flunder {
		f.Labels = old.Labels
		return f
	}
	for name, tc := range map[string]struct {
		status     bool
		sent, want *wardle.Flunder
	}{
		"a new spec counts the generation up": {sent: flunder(99, "new", "status"), want: flunder(4, "new", "status")},
		"the same spec does not":              {sent: flunder(99, "spec", "status"), want: flunder(3, "spec", "status")},
		"metadata does not":                   {sent: relabelled(flunder(3, "spec", "status")), want: relabelled(flunder(3, "spec", "status"))},
		"a status sent to the resource is ignored": {
			sent: flunder(3, "spec", "new"), want: flunder(3, "spec", "status")},
		"status: a new status is taken": {
			status: true, sent: flunder(3, "spec", "new"), want: kept(flunder(3, "spec", "new"))},
		"status: spec and metadata are ignored": {
			status: true, sent: deleted(relabelled(flunder(99, "new", "new"))), want: kept(flunder(3, "spec", "new"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			main, status := strategies(t, flunders().Strategy)
			got := tc.sent.DeepCopy()
			if tc.status {
				status.PrepareForUpdate(context.Background(), got, old.DeepCopy())
			} else {
				main.PrepareForUpdate(context.Background(), got, old.DeepCopy())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("after PrepareForUpdate (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidation(t *testing.T) {
	t.Parallel()
	var called []string
	record := func(name string) field.ErrorList {
		called = append(called, name)
		return field.ErrorList{field.Forbidden(field.NewPath(name), "recorded")}
	}
	description := flunders().Strategy
	description.Validate = func(context.Context, *wardle.Flunder) field.ErrorList { return record("object") }
	description.ValidateUpdate = func(context.Context, *wardle.Flunder, *wardle.Flunder) field.ErrorList { return record("step") }
	description.ValidateStatusUpdate = func(context.Context, *wardle.Flunder, *wardle.Flunder) field.ErrorList { return record("status") }
	main, status := strategies(t, description)
	ctx, obj := context.Background(), flunder(1, "", "")

	for _, tc := range []struct {
		on   string
		run  func() field.ErrorList
		want []string
	}{
		{"create", func() field.ErrorList { return main.Validate(ctx, obj) }, []string{"object"}},
		{"update", func() field.ErrorList { return main.ValidateUpdate(ctx, obj, obj) }, []string{"object", "step"}},
		{"status update", func() field.ErrorList { return status.ValidateUpdate(ctx, obj, obj) }, []string{"status"}},
	} {
		called = nil
		if errs := tc.run(); len(errs) != len(tc.want) || !slices.Equal(called, tc.want) {
			t.Errorf("%s: called %q with errors %v, want %q", tc.on, called, errs, tc.want)
		}
	}

	older := request.WithRequestInfo(ctx, &request.RequestInfo{APIVersion: "v1beta1"})
	errs := append(main.ValidateUpdate(older, obj, obj), status.ValidateUpdate(older, obj, obj)...)
	var paths []string
	for _, err := range errs {
		paths = append(paths, err.Field)
	}
	if want := []string{"spec.object", "spec.step", "state"}; !slices.Equal(paths, want) {
		t.Errorf("errors of a request in v1beta1 are about %q, want %q", paths, want)
	}

	none, noneStatus := strategies(t, flunders().Strategy)
	if errs := slices.Concat(none.Validate(ctx, obj), none.ValidateUpdate(ctx, obj, obj), noneStatus.ValidateUpdate(ctx, obj, obj)); len(errs) != 0 {
		t.Errorf("without validation functions: got %v", errs)
	}
}

// TestFinalizers: a name without a domain may stay, and not come.
func TestFinalizers(t *testing.T) {
	t.Parallel()
	main, _ := strategies(t, flunders().Strategy)
	ctx, plain, finalized := context.Background(), flunder(1, "", ""), flunder(1, "", "")
	finalized.Finalizers = []string{"example.com/a", "cleanup"}
	for name, errs := range map[string]field.ErrorList{
		"create":          main.Validate(ctx, finalized),
		"update":          main.ValidateUpdate(ctx, finalized, plain),
		"keep":            main.ValidateUpdate(ctx, finalized, finalized),
		"remove":          main.ValidateUpdate(ctx, plain, finalized),
		"create, without": main.Validate(ctx, plain),
	} {
		want := 0
		if name == "create" || name == "update" {
			want = 1
		}
		if len(errs) != want || want > 0 && errs[0].Field != "metadata.finalizers[1]" {
			t.Errorf("%s: got %v, want %d errors", name, errs, want)
		}
	}
}

// TestTimes: what could not be read again is not written, by whichever way it comes.
func TestTimes(t *testing.T) {
	t.Parallel()
	main, status := strategies(t, flunders().Strategy)
	ctx, plain, late := context.Background(), flunder(1, "", ""), flunder(1, "", "")
	late.ManagedFields = []metav1.ManagedFieldsEntry{{Time: &metav1.Time{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	for name, errs := range map[string]field.ErrorList{
		"create":        main.Validate(ctx, late),
		"update":        main.ValidateUpdate(ctx, late, plain),
		"status update": status.ValidateUpdate(ctx, late, plain),
	} {
		if len(errs) != 1 || errs[0].Field != "metadata.managedFields[0].time" {
			t.Errorf("%s: got %v, want an error about metadata.managedFields[0].time", name, errs)
		}
	}
}

func TestResetFieldsCoverEveryVersion(t *testing.T) {
	t.Parallel()
	main, status := strategies(t, flunders().Strategy)
	for _, version := range []fieldpath.APIVersion{"wardle.example.com/v1alpha1", "wardle.example.com/v1beta1"} {
		if got := fmt.Sprint(main.GetResetFields()[version]); got != ".status" {
			t.Errorf("%s: reset fields %s, want .status", version, got)
		}
		if got := fmt.Sprint(status.GetResetFields()[version]); got != ".metadata\n.spec" {
			t.Errorf("%s: reset fields of status %q, want .metadata and .spec", version, got)
		}
	}
}

func TestFieldSelectors(t *testing.T) {
	t.Parallel()
	description, s := flunders(), scheme()
	if err := description.selection().addTo(s, wardle.Kind("Flunder")); err != nil {
		t.Fatal(err)
	}
	gvk := v1alpha1.SchemeGroupVersion.WithKind("Flunder")
	for _, label := range []string{"metadata.name", "metadata.namespace", "spec.reference"} {
		if got, _, err := s.ConvertFieldLabel(gvk, label, "x"); err != nil || got != label {
			t.Errorf("field label %s: got %q, %v", label, got, err)
		}
	}
	if _, _, err := s.ConvertFieldLabel(gvk, "spec.unknown", "x"); err == nil || !cmp.Equal(err.Error(), `"spec.unknown" is not a known field selector of flunders: use one of ["metadata.name" "metadata.namespace" "spec.reference"]`) {
		t.Errorf("unknown field label: got %v", err)
	}
	description.FieldPaths = FieldPaths{"v1alpha1": {"spec.reference": "spec.flunder"}}
	if err := description.selection().addTo(s, wardle.Kind("Flunder")); err != nil {
		t.Fatal(err)
	}
	for version, label := range map[string]string{"v1alpha1": "spec.flunder", "v1beta1": "spec.reference"} {
		gvk.Version = version
		if got, _, err := s.ConvertFieldLabel(gvk, label, "x"); err != nil || got != "spec.reference" {
			t.Errorf("field label %s in %s: got %q, %v; want spec.reference", label, version, got, err)
		}
	}
	gvk.Version = "v1alpha1"
	if got, _, err := s.ConvertFieldLabel(gvk, "spec.reference", "x"); err == nil || !strings.Contains(err.Error(), "spec.flunder") {
		t.Errorf("field label of the internal type in v1alpha1: got %q, %v; want an error that names spec.flunder", got, err)
	}
	for selector, want := range map[string]bool{"spec.reference=spec": true, "spec.reference=other": false, "metadata.name=a,metadata.namespace=n": true} {
		predicate := storage.SelectionPredicate{Label: labels.Everything(), Field: fields.ParseSelectorOrDie(selector), GetAttrs: description.selection().attributes}
		got, err := predicate.Matches(flunder(1, "spec", ""))
		if err != nil || got != want {
			t.Errorf("selector %s matches: %t, %v; want %t", selector, got, err, want)
		}
	}
	if _, _, err := description.selection().attributes(&wardle.Fischer{}); err == nil {
		t.Error("attributes of another type: want an error")
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	table, err := newTableConvertor(flunders().Columns)
	if err != nil {
		t.Fatal(err)
	}
	list := &wardle.FlunderList{ListMeta: metav1.ListMeta{ResourceVersion: "5", Continue: "more"}, Items: []wardle.Flunder{*flunder(1, "x", ""), *flunder(1, "y", "")}}
	got, err := table.ConvertToTable(context.Background(), list, nil)
	if err != nil {
		t.Fatal(err)
	}
	var headers []string
	for _, c := range got.ColumnDefinitions {
		headers = append(headers, c.Name+":"+c.Type)
	}
	if want := []string{"Name:string", "Reference:string", "Type:string", "Age:date"}; !slices.Equal(headers, want) {
		t.Errorf("columns %q, want %q", headers, want)
	}
	if len(got.Rows) != 2 || got.ResourceVersion != "5" || got.Continue != "more" {
		t.Errorf("got %d rows, resourceVersion %q, continue %q", len(got.Rows), got.ResourceVersion, got.Continue)
	}
	if diff := cmp.Diff([]any{"a", "y", "", "<unknown>"}, got.Rows[1].Cells); diff != "" {
		t.Errorf("second row (-want +got):\n%s", diff)
	}
	got, err = table.ConvertToTable(context.Background(), flunder(1, "x", ""), &metav1.TableOptions{NoHeaders: true})
	if err != nil || len(got.ColumnDefinitions) != 0 || len(got.Rows) != 1 {
		t.Errorf("one object without headers: %d columns, %d rows, %v", len(got.ColumnDefinitions), len(got.Rows), err)
	}
	if _, err := newTableConvertor([]Column[*wardle.Flunder]{{Name: "Empty"}}); err == nil {
		t.Error("a column without a value: want an error")
	}
}

func TestIncompleteDescription(t *testing.T) {
	t.Parallel()
	_, err := Standard[*wardle.Flunder, string, string]{Plural: "flunders"}.Storage(Options{Group: "wardle.example.com", Scheme: scheme()})
	if err == nil {
		t.Fatal("want an error")
	}
	for _, field := range []string{"Singular", "New", "NewList", "Strategy.Spec", "Strategy.Status"} {
		if !strings.Contains(err.Error(), field+" is not set") {
			t.Errorf("error does not name %s: %v", field, err)
		}
	}
}
