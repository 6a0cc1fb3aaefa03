package apiserver

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	"k8s.io/apiserver/pkg/features"
	utilfeature "k8s.io/apiserver/pkg/util/feature"

	"example.com/annex/shared/protobuf"
)

// serverCodecs encode what belongs to no API group: discovery documents and errors. All of these have protobuf; CBOR has a
// gate, as in kube-apiserver (k8s.io/kubernetes/pkg/controlplane/apiserver/config.go).
func serverCodecs(scheme *runtime.Scheme) serializer.CodecFactory {
	var options []serializer.CodecFactoryOptionsMutator
	if utilfeature.DefaultFeatureGate.Enabled(features.CBORServingAndStorage) {
		options = append(options, serializer.WithSerializer(cbor.NewSerializerInfo))
	}
	return serializer.NewCodecFactory(scheme, options...)
}

// negotiatedSerializer offers clients only the media types that all types of a group implement. Upstream's codec factory
// always offers protobuf, and a client that prefers it, as kubectl and the controllers of
// kube-controller-manager do, then gets 406 for types without protobuf methods instead of the JSON it would also take.
type negotiatedSerializer struct {
	runtime.NegotiatedSerializer
	mediaTypes []runtime.SerializerInfo
}

func newNegotiatedSerializer(all runtime.NegotiatedSerializer, scheme *runtime.Scheme, served []schema.GroupVersion) negotiatedSerializer {
	n := negotiatedSerializer{NegotiatedSerializer: all}
	protobuf := implementProtobuf(scheme, served)
	for _, info := range all.SupportedMediaTypes() {
		if info.MediaType != runtime.ContentTypeProtobuf || protobuf {
			n.mediaTypes = append(n.mediaTypes, info)
		}
	}
	return n
}

// SupportedMediaTypes are the media types that content negotiation chooses from.
func (n negotiatedSerializer) SupportedMediaTypes() []runtime.SerializerInfo { return n.mediaTypes }

// implementProtobuf tells whether all types that the versions themselves define do.
func implementProtobuf(scheme *runtime.Scheme, gvs []schema.GroupVersion) bool {
	for _, gv := range gvs {
		if len(protobuf.Missing(scheme, gv)) > 0 {
			return false
		}
	}
	return true
}
