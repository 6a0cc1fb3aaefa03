package apitest

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
)

// Convert checks that an object of a version becomes the internal one, and the other way round.
func Convert(t *testing.T, scheme *runtime.Scheme, versioned, internal runtime.Object) {
	t.Helper()
	for _, step := range []struct{ from, to runtime.Object }{{versioned, internal}, {internal, versioned}} {
		got := reflect.New(reflect.TypeOf(step.to).Elem()).Interface()
		if err := scheme.Convert(step.from, got, nil); err != nil {
			t.Errorf("converting %T to %T: %v", step.from, step.to, err)
		} else if diff := cmp.Diff(any(step.to), got); diff != "" {
			t.Errorf("%T as %T (-want +got):\n%s", step.from, step.to, diff)
		}
	}
}
