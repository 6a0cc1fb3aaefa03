package registry

import (
	"context"
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
)

// echo answers with the question.
type echo struct{ err error }

func (e echo) Review(_ context.Context, f *wardle.Flunder) (string, error) {
	return "asked " + f.Spec.FlunderReference, e.err
}

func review(t *testing.T, reviewer echo) *reviewStore[*wardle.Flunder, string] {
	t.Helper()
	s := flunders()
	storage, err := Review[*wardle.Flunder, string]{
		Plural: s.Plural, Singular: s.Singular, New: s.New, Status: s.Strategy.Status, ClusterScoped: true,
		Validate: func(_ context.Context, f *wardle.Flunder) field.ErrorList {
			if f.Spec.FlunderReference == "" {
				return field.ErrorList{field.Required(field.NewPath("spec", "reference"), "")}
			}
			return nil
		},
		FieldPaths: FieldPaths{"v1alpha1": {"spec.reference": "spec.flunder"}},
		Reviewer:   func(Options) (Reviewer[*wardle.Flunder, string], error) { return reviewer, nil },
	}.Storage(Options{Group: wardle.GroupName, Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	store, ok := storage[""].(*reviewStore[*wardle.Flunder, string])
	if !ok || len(storage) != 1 {
		t.Fatalf("got the storage %v", storage)
	}
	return store
}

func question(reference string) *wardle.Flunder {
	f := &wardle.Flunder{}
	f.Spec.FlunderReference, f.Spec.FischerReference = reference, "pretended"
	f.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "a"}}
	return f
}

// reviewContext is that of a request in version v1alpha1.
func reviewContext(t *testing.T) context.Context {
	return request.WithRequestInfo(t.Context(), &request.RequestInfo{APIGroup: wardle.GroupName, APIVersion: "v1alpha1", Resource: "flunders"})
}

func TestReview(t *testing.T) {
	t.Parallel()
	var seen *wardle.Flunder
	got, err := review(t, echo{}).Create(reviewContext(t), question("a"), func(_ context.Context, o runtime.Object) error {
		seen = o.(*wardle.Flunder)
		return nil
	}, &metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Fatal(err)
	}
	if status := got.(*wardle.Flunder).Spec.FischerReference; status != "asked a" {
		t.Errorf("the status is %q", status)
	}
	if seen == nil || seen.Spec.FischerReference != "" {
		t.Errorf("admission sees %+v, want the question without a status", seen)
	}
}

func TestReviewRefuses(t *testing.T) {
	t.Parallel()
	named, generated, labelled := question("a"), question("a"), question("a")
	named.Name, generated.GenerateName, labelled.Labels = "x", "x-", map[string]string{"x": "y"}
	for name, tc := range map[string]struct {
		question *wardle.Flunder
		path     string
	}{
		"a name":           {named, "metadata"},
		"a generated name": {generated, "metadata"},
		"labels":           {labelled, "metadata"},
		"invalid":          {question(""), "spec.flunder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := review(t, echo{}).Create(reviewContext(t), tc.question, nil, &metav1.CreateOptions{})
			if !apierrors.IsInvalid(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueInvalid) && !apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueRequired) {
				t.Fatalf("got %v, want invalid", err)
			}
			status := apierrors.APIStatus(nil)
			if !errors.As(err, &status) || status.Status().Details.Causes[0].Field != tc.path {
				t.Errorf("got %v, want an error at %s", err, tc.path)
			}
			if !strings.Contains(err.Error(), "Flunder.wardle.example.com") {
				t.Errorf("%v does not name the kind", err)
			}
		})
	}
	_, err := review(t, echo{}).Create(reviewContext(t), question("a"), func(context.Context, runtime.Object) error {
		return apierrors.NewForbidden(wardle.Resource("flunders"), "", errors.New("policy"))
	}, &metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("refused by admission: got %v", err)
	}
	if _, err := review(t, echo{err: apierrors.NewServiceUnavailable("away")}).Create(reviewContext(t), question("a"), nil, &metav1.CreateOptions{}); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("got %v, want status 503", err)
	}
}

func TestReviewServesCreateOnly(t *testing.T) {
	t.Parallel()
	var store rest.Storage = review(t, echo{})
	if access := accessTo(store); len(access.View) != 0 || len(access.Edit) != 1 {
		t.Errorf("it serves %+v, want create alone", access)
	}
}
