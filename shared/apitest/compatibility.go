package apitest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/apitesting/roundtrip"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/shared/golden"
)

// Compatibility compares an object of each kind and version of a group, with all fields filled, with the bytes that it is kept
// as in testdata/HEAD: a change of what is on the wire, or in storage, is seen in review (after a wanted one, run the test with
// -update). What an earlier release has written is in testdata/v*, a copy of its HEAD: it must be read, and written the same.
//
// This is what k8s.io/api does for all built-in kinds; upstream's test (k8s.io/apimachinery/pkg/api/apitesting/roundtrip)
// can't be had for kinds without protobuf.
func Compatibility(t *testing.T, scheme *runtime.Scheme, group string) {
	t.Helper()
	options := roundtrip.NewCompatibilityTestOptions(scheme)
	for gvk := range scheme.AllKnownTypes() {
		if gvk.Group == group && gvk.Version != runtime.APIVersionInternal && isObject(scheme, gvk) {
			options.Kinds = append(options.Kinds, gvk)
		}
	}
	if len(options.Kinds) == 0 {
		t.Fatalf("the scheme has no kind of group %s", group)
	}
	options.Complete(t)
	contents := map[string][]byte{}
	for _, gvk := range options.Kinds {
		object := options.FilledObjects[gvk]
		for extension, encoding := range encodings(options, object) {
			file := fmt.Sprintf("%s.%s.%s.%s", gvk.Group, gvk.Version, gvk.Kind, extension)
			contents[file] = encode(t, encoding, object)
			if decoded := decode(t, scheme, encoding, gvk, contents[file]); !apiequality.Semantic.DeepEqual(object, decoded) {
				t.Errorf("%s comes back otherwise (-before +after):\n%s", file, cmp.Diff(object, decoded))
			}
			for _, dir := range options.TestDataDirsPreviousVersions {
				written, err := os.ReadFile(filepath.Join(dir, file))
				if errors.Is(err, fs.ErrNotExist) {
					continue // The release had no such kind.
				} else if err != nil {
					t.Fatal(err)
				}
				got := encode(t, encoding, decode(t, scheme, encoding, gvk, written))
				if diff := cmp.Diff(string(written), string(got)); diff != "" {
					t.Errorf("%s of %s is written otherwise now (-before +now):\n%s", file, dir, diff)
				}
			}
		}
	}
	golden.CheckDirectory(t, options.TestDataDirCurrentVersion, contents)
}

// isObject tells a kind of which there are objects from lists and from the options of requests, which every version has.
func isObject(scheme *runtime.Scheme, gvk schema.GroupVersionKind) bool {
	object, err := scheme.New(gvk)
	if err != nil {
		return false
	}
	_, ok := object.(metav1.Object)
	return ok
}

// encodings are all that an object has, by the extension of files.
func encodings(options *roundtrip.CompatibilityTestOptions, object runtime.Object) map[string]runtime.Serializer {
	all := map[string]runtime.Serializer{"json": options.JSON, "yaml": options.YAML}
	if _, ok := object.(interface{ Marshal() ([]byte, error) }); ok {
		all["pb"] = options.Proto
	}
	return all
}

func encode(t *testing.T, encoding runtime.Encoder, object runtime.Object) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encoding.Encode(object, &b); err != nil {
		t.Fatalf("encoding a %T: %v", object, err)
	}
	return b.Bytes()
}

func decode(t *testing.T, scheme *runtime.Scheme, encoding runtime.Decoder, gvk schema.GroupVersionKind, data []byte) runtime.Object {
	t.Helper()
	into, err := scheme.New(gvk)
	if err != nil {
		t.Fatal(err)
	}
	object, _, err := encoding.Decode(data, &gvk, into)
	if err != nil {
		t.Fatalf("decoding a %s: %v", gvk, err)
	}
	return object
}
