package apiserver

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// negotiatedSerializer offers clients only the media types that all served types implement. Upstream's codec factory
// always offers protobuf, and a client that prefers it, as kubectl and the controllers of
// kube-controller-manager do, then gets 406 for types without protobuf methods instead of the JSON it would also take.
type negotiatedSerializer struct {
	serializer.CodecFactory
	mediaTypes []runtime.SerializerInfo
}

func newNegotiatedSerializer(scheme *runtime.Scheme, codecs serializer.CodecFactory, served []schema.GroupVersion) negotiatedSerializer {
	n := negotiatedSerializer{CodecFactory: codecs}
	protobuf := true
	for _, gv := range served {
		protobuf = protobuf && implementsProtobuf(scheme, gv)
	}
	for _, info := range codecs.SupportedMediaTypes() {
		if info.MediaType != runtime.ContentTypeProtobuf || protobuf {
			n.mediaTypes = append(n.mediaTypes, info)
		}
	}
	return n
}

// SupportedMediaTypes are the media types that content negotiation chooses from.
func (n negotiatedSerializer) SupportedMediaTypes() []runtime.SerializerInfo { return n.mediaTypes }

// implementsProtobuf tells whether every type that a version itself defines has the methods which
// k8s.io/apimachinery/pkg/runtime/serializer/protobuf writes with.
func implementsProtobuf(scheme *runtime.Scheme, gv schema.GroupVersion) bool {
	meta := runtime.NewScheme()
	metav1.AddToGroupVersion(meta, gv) // options and watch events, which every version has
	for kind := range scheme.KnownTypes(gv) {
		if meta.Recognizes(gv.WithKind(kind)) {
			continue
		}
		object, err := scheme.New(gv.WithKind(kind))
		if err != nil {
			return false
		}
		if _, ok := object.(interface{ Marshal() ([]byte, error) }); !ok {
			return false
		}
	}
	return true
}
