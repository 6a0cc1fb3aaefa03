package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// expectValue checks a field of an object.
func expectValue(t *testing.T, object *unstructured.Unstructured, field Field) {
	t.Helper()
	if diff := cmp.Diff(field.Value, field.Get(object)); diff != "" {
		t.Errorf("%s of %s (-want +got):\n%s", field, object.GetName(), diff)
	}
}

// expectGeneration checks an object's generation against that of its last state, which it is ahead of by the number of changes
// to the specification. A resource that does not claim generations has none.
func (r Resource) expectGeneration(t *testing.T, object, last *unstructured.Unstructured, changes int64) {
	t.Helper()
	want := last.GetGeneration() + changes
	if !r.Generation {
		want = 0
	}
	if got := object.GetGeneration(); got != want {
		t.Errorf("generation of %s: got %d, want %d", object.GetName(), got, want)
	}
}

// expectUnchanged checks that nothing was written to an object between two reads.
func expectUnchanged(t *testing.T, before, after *unstructured.Unstructured) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("%s changed (-before +after):\n%s", before.GetName(), diff)
	}
}

// expectRefused checks that an error is an API status of the kind that is asks for, and that its message holds all of the texts.
func expectRefused(t *testing.T, err error, is func(error) bool, texts ...string) {
	t.Helper()
	if err == nil {
		t.Error("the request was accepted")
		return
	}
	if !is(err) {
		t.Errorf("refused, but for another reason: %s: %v", apierrors.ReasonForError(err), err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the message does not mention %q: %v", text, err)
		}
	}
}

// expectInvalid checks that an error is a status 422 with a cause that is one of the fields.
func expectInvalid(t *testing.T, err error, want ...string) {
	t.Helper()
	expectRefused(t, err, apierrors.IsInvalid)
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return
	}
	var fields []string
	if details := status.Status().Details; details != nil {
		for _, cause := range details.Causes {
			fields = append(fields, cause.Field)
		}
	}
	if !slices.ContainsFunc(want, func(field string) bool { return slices.Contains(fields, field) }) {
		t.Errorf("the causes of the refusal are the fields %q, want %q among them: %v", fields, want, err)
	}
}
