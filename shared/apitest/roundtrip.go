package apitest

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	"k8s.io/apimachinery/pkg/api/apitesting/roundtrip"
	"k8s.io/apimachinery/pkg/api/equality"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	"sigs.k8s.io/randfill"

	"example.com/annex/shared/protobuf"
)

// RoundTrip fills objects of all kinds in a scheme with random values, and checks that each comes back the same from every
// version and encoding: JSON, CBOR, and protobuf if the types have it, which must be all of them or none. The values are the
// same in every run. funcs are the group's own fill functions.
func RoundTrip(t *testing.T, scheme *runtime.Scheme, funcs fuzzer.FuzzerFuncs) {
	t.Helper()
	codecs := runtimeserializer.NewCodecFactory(scheme)
	funcs = fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, funcs)
	const seed = 1
	fill := fuzzer.FuzzerFor(funcs, rand.NewSource(seed), codecs)
	// Internal objects, through each version; then what only a version can say.
	versions, kinds := roundtrip.RoundTripTypesWithoutProtobuf, roundtrip.RoundTripExternalTypesWithoutProtobuf
	has, err := haveProtobuf(scheme)
	if err != nil {
		t.Error(err)
	}
	if has {
		versions, kinds = roundtrip.RoundTripTypes, roundtrip.RoundTripExternalTypes
	}
	versions(t, scheme, codecs, fill, nil)
	kinds(t, scheme, codecs, fill, nil)
	roundTripCBOR(t, scheme, fill)
}

// haveProtobuf tells whether a scheme's types have protobuf. That some were forgotten is an error.
func haveProtobuf(scheme *runtime.Scheme) (bool, error) {
	have, missing := false, map[schema.GroupVersion][]string{}
	for _, gv := range scheme.PrioritizedVersionsAllGroups() {
		if kinds := protobuf.Missing(scheme, gv); len(kinds) > 0 {
			missing[gv] = kinds
		} else if gv.Group != "" { // Those without a group are upstream's.
			have = true
		}
	}
	if have && len(missing) > 0 {
		return false, fmt.Errorf("some types have protobuf methods and these have none, so that servers can't offer protobuf for any: %v", missing)
	}
	return have, nil
}

// roundTripCBOR does what upstream's package roundtrip does, for CBOR.
func roundTripCBOR(t *testing.T, scheme *runtime.Scheme, fill *randfill.Filler) {
	t.Helper()
	codec := cbor.NewSerializer(scheme, scheme)
	skip := roundtrip.GlobalNonRoundTrippableTypes()
	for kind := range scheme.AllKnownTypes() {
		if kind.Version == runtime.APIVersionInternal || skip.Has(kind.Kind) {
			continue
		}
		for range *roundtrip.FuzzIters {
			object, err := scheme.New(kind)
			if err != nil {
				t.Fatal(err)
			}
			fill.Fill(object)
			object.GetObjectKind().SetGroupVersionKind(kind)
			data, err := runtime.Encode(codec, object)
			if err != nil {
				t.Errorf("encoding a %s in CBOR: %v", kind, err)
				break
			}
			got, err := runtime.Decode(codec, data)
			if err != nil {
				t.Errorf("decoding a %s from CBOR: %v", kind, err)
				break
			}
			if !equality.Semantic.DeepEqual(object, got) {
				t.Errorf("a %s in CBOR (-want +got):\n%s", kind, cmp.Diff(object, got))
				break
			}
		}
	}
}
