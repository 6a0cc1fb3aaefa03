package apitest

import (
	"math/rand"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	"k8s.io/apimachinery/pkg/api/apitesting/roundtrip"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"
)

// RoundTrip fills objects of all kinds in a scheme with random values, and checks that each comes back the same from every
// version and encoding. The values are the same in every run. funcs are the group's own fill functions.
func RoundTrip(t *testing.T, scheme *runtime.Scheme, funcs fuzzer.FuzzerFuncs) {
	t.Helper()
	codecs := runtimeserializer.NewCodecFactory(scheme)
	funcs = fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, funcs)
	const seed = 1
	roundtrip.RoundTripTypesWithoutProtobuf(t, scheme, codecs, fuzzer.FuzzerFor(funcs, rand.NewSource(seed), codecs), nil)
}

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
