package conformance

import (
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

// expectGeneration checks an object's generation against that of its last
// state, which it is ahead of by the number of changes to the specification.
func expectGeneration(t *testing.T, object, last *unstructured.Unstructured, changes int64) {
	t.Helper()
	if got, want := object.GetGeneration(), last.GetGeneration()+changes; got != want {
		t.Errorf("generation of %s: got %d, want %d", object.GetName(), got, want)
	}
}

// expectRefused checks that an error is an API status of the kind that is
// asks for, and that its message holds all of the texts.
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
