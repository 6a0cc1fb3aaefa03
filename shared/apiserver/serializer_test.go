package apiserver

import (
	"net/http"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/features"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/sample-apiserver/pkg/apis/wardle/install"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1"
)

// mixedScheme has core, whose types have protobuf methods, and wardle, whose types don't.
func mixedScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	install.Install(scheme)
	return scheme
}

func offered(s runtime.NegotiatedSerializer) []string {
	mediaTypes, _ := negotiation.MediaTypesForSerializer(s)
	return mediaTypes
}

// TestNegotiation: protobuf is offered only where all types have it, and a client that would take JSON too gets that.
func TestNegotiation(t *testing.T) {
	t.Parallel()
	const json, yaml, protobuf, cbor = runtime.ContentTypeJSON, runtime.ContentTypeYAML, runtime.ContentTypeProtobuf, runtime.ContentTypeCBOR
	scheme := mixedScheme(t)
	codecs := serializer.NewCodecFactory(scheme)
	has, lacks := corev1.SchemeGroupVersion, v1beta1.SchemeGroupVersion
	for name, tc := range map[string]struct {
		served  []schema.GroupVersion
		offered []string
		accept  map[string]string // and what is answered, "" for 406
	}{
		"all types": {
			served: []schema.GroupVersion{has}, offered: []string{json, yaml, protobuf},
			accept: map[string]string{protobuf: protobuf, protobuf + "," + json: protobuf, cbor: "", cbor + "," + json: json, "": json, "*/*": json},
		},
		"no types": {
			served: []schema.GroupVersion{lacks}, offered: []string{json, yaml},
			accept: map[string]string{protobuf: "", protobuf + "," + json: json, protobuf + ";q=0.9,*/*;q=0.1": json, yaml: yaml},
		},
		"some types": {
			served: []schema.GroupVersion{has, lacks}, offered: []string{json, yaml},
			accept: map[string]string{protobuf: "", protobuf + "," + json: json},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newNegotiatedSerializer(codecs, scheme, tc.served)
			if got := offered(s); !slices.Equal(got, tc.offered) {
				t.Errorf("offered %q, want %q", got, tc.offered)
			}
			for accept, want := range tc.accept {
				request := &http.Request{Header: http.Header{"Accept": {accept}}}
				_, info, err := negotiation.NegotiateOutputMediaType(request, s, negotiation.DefaultEndpointRestrictions)
				if got := info.MediaType; got != want || (err != nil) != (want == "") {
					t.Errorf("Accept %q: got %q, %v, want %q", accept, got, err, want)
				}
			}
		})
	}
}

// TestServerCodecs changes the process-wide gate: not in parallel with others.
func TestServerCodecs(t *testing.T) {
	for name, on := range map[string]bool{"off": false, "on": true} {
		t.Run("gate "+name, func(t *testing.T) {
			featuregatetesting.SetFeatureGateDuringTest(t, utilfeature.DefaultFeatureGate, features.CBORServingAndStorage, on)
			if got := slices.Contains(offered(serverCodecs(mixedScheme(t))), runtime.ContentTypeCBOR); got != on {
				t.Errorf("CBOR is offered: %t, want %t", got, on)
			}
		})
	}
}
