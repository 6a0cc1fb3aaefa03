package protobuf

import (
	"bytes"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Missing returns the kinds of a version that lack the methods which k8s.io/apimachinery/pkg/runtime/serializer/protobuf reads
// and writes with, sorted. Only kinds that the version itself defines count: options and watch events, which every version has,
// are upstream's, and have them.
func Missing(scheme *runtime.Scheme, gv schema.GroupVersion) []string {
	meta := runtime.NewScheme()
	metav1.AddToGroupVersion(meta, gv)
	var missing []string
	for kind := range scheme.KnownTypes(gv) {
		gvk := gv.WithKind(kind)
		if meta.Recognizes(gvk) {
			continue
		}
		if object, err := scheme.New(gvk); err != nil || !implements(object, gvk) {
			missing = append(missing, kind)
		}
	}
	slices.Sort(missing)
	return missing
}

// message is what go-to-protobuf generates of a type, as far as the serializer wants it.
type message interface {
	Marshal() ([]byte, error)
	MarshalTo([]byte) (int, error)
	Size() int
	Unmarshal([]byte) error
	Reset()
}

// implements tells whether an empty object has methods of its own: one that embeds only a TypeMeta has those of that, which would
// write the kind and nothing else. Generated ones leave it to the serializer.
func implements(object runtime.Object, gvk schema.GroupVersionKind) bool {
	m, ok := object.(message)
	if !ok {
		return false
	}
	object.GetObjectKind().SetGroupVersionKind(gvk)
	content, err := m.Marshal()
	return err == nil && !bytes.Contains(content, []byte(gvk.Kind))
}
