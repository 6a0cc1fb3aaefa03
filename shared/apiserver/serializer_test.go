package apiserver

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/sample-apiserver/pkg/apis/wardle/install"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1"
)

func TestProtobufIsOfferedOnlyWhereAllTypesHaveIt(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	install.Install(scheme)
	codecs := serializer.NewCodecFactory(scheme)
	for name, tc := range map[string]struct {
		served []schema.GroupVersion
		want   bool
	}{
		"all types":  {served: []schema.GroupVersion{corev1.SchemeGroupVersion}, want: true},
		"no types":   {served: []schema.GroupVersion{v1beta1.SchemeGroupVersion}},
		"some types": {served: []schema.GroupVersion{corev1.SchemeGroupVersion, v1beta1.SchemeGroupVersion}},
	} {
		var offered []string
		for _, info := range newNegotiatedSerializer(scheme, codecs, tc.served).SupportedMediaTypes() {
			offered = append(offered, info.MediaType)
		}
		if got := slices.Contains(offered, runtime.ContentTypeProtobuf); got != tc.want || !slices.Contains(offered, runtime.ContentTypeJSON) {
			t.Errorf("%s have protobuf methods: offered %q", name, offered)
		}
	}
}
