package embedded_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	clientset "k8s.io/sample-apiserver/pkg/generated/clientset/versioned"

	"example.com/annex/shared/apiservertest"
)

// TestTypesWithoutProtobuf: upstream's sample types have no protobuf methods. Who would take JSON too gets that, who would not is
// told so, and what is none of these types is in protobuf all the same, as for custom resources: metadata, errors, discovery.
func TestTypesWithoutProtobuf(t *testing.T) {
	t.Parallel()
	server := apiservertest.Start(t, wardleDefinition(), cluster)
	clients, err := clientset.NewForConfig(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	flunder := &v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: "sample"}}
	flunder.Spec.Reference = "fischer"
	reference := v1alpha1.FischerReferenceType
	flunder.Spec.ReferenceType = &reference
	if _, err := clients.WardleV1alpha1().Flunders("default").Create(t.Context(), flunder, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	const (
		json, protobuf = "application/json", "application/vnd.kubernetes.protobuf"
		asMetadata     = ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
		flunders       = "/apis/wardle.example.com/v1beta1/flunders"
		watch          = flunders + "?watch=true&resourceVersion=0&timeoutSeconds=1"
	)
	for name, tc := range map[string]struct {
		path, accept string
		status       int
		mediaType    string // of the answer
	}{
		"a list, JSON too":      {flunders, protobuf + "," + json, http.StatusOK, json},
		"a list, nothing else":  {flunders, protobuf, http.StatusNotAcceptable, protobuf},
		"a watch, JSON too":     {watch, protobuf + ";stream=watch," + json, http.StatusOK, json},
		"a watch, nothing else": {watch, protobuf + ";stream=watch", http.StatusNotAcceptable, protobuf},
		"metadata, JSON too":    {flunders, protobuf + asMetadata + "," + json + asMetadata, http.StatusOK, protobuf},
		"the group":             {"/apis/wardle.example.com", protobuf, http.StatusOK, protobuf},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, mediaType := ask(t.Context(), t, client, http.MethodGet, server.Config.Host+tc.path, http.Header{"Accept": {tc.accept}})
			if status != tc.status || !strings.HasPrefix(mediaType, tc.mediaType) {
				t.Errorf("got %d and %s, want %d and %s", status, mediaType, tc.status, tc.mediaType)
			}
		})
	}
}

// TestWritesWithoutProtobuf: what can't be decoded is not taken.
func TestWritesWithoutProtobuf(t *testing.T) {
	t.Parallel()
	server := apiservertest.Start(t, wardleDefinition(), cluster)
	client, err := rest.HTTPClientFor(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, mediaType := range []string{runtime.ContentTypeProtobuf, runtime.ContentTypeCBOR} {
		status, _ := ask(t.Context(), t, client, http.MethodPost, server.Config.Host+"/apis/wardle.example.com/v1beta1/namespaces/default/flunders",
			http.Header{"Content-Type": {mediaType}})
		if status != http.StatusUnsupportedMediaType {
			t.Errorf("creating in %s: got status %d, want 415", mediaType, status)
		}
	}
}

func ask(ctx context.Context, t *testing.T, client *http.Client, method, url string, header http.Header) (status int, mediaType string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type")
}
