package conformance

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// exchange is a request as it goes over the wire: clients of client-go choose the
// encoding, and hide it.
type exchange struct {
	method              string // GET if empty
	path                []string
	query               url.Values
	accept, contentType string // not sent if empty
	body                []byte
}

// answer is a whole answer, or the first event of a watch.
type answer struct {
	status int
	// mediaType is of the body, with parameters.
	mediaType string
	body      []byte
}

// ask sends a request to kube-apiserver as the administrator.
func (tr *trial) ask(ctx context.Context, t *testing.T, r exchange) answer {
	t.Helper()
	client, err := rest.HTTPClientFor(tr.Config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	to := tr.Config.Host + "/" + strings.Join(r.path, "/") + "?" + r.query.Encode()
	sent, err := http.NewRequestWithContext(ctx, r.method, to, bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Accept": r.accept, "Content-Type": r.contentType} {
		if value != "" {
			sent.Header.Set(name, value)
		}
	}
	response, err := client.Do(sent)
	if err != nil {
		t.Fatalf("%s %s: %v", sent.Method, to, err)
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, mediaType: response.Header.Get("Content-Type")}
	if response.StatusCode == http.StatusOK && r.query.Get("watch") != "" {
		a.body = firstFrame(t, a.mediaType, response.Body)
		return a
	}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		t.Fatalf("reading the answer to %s %s: %v", sent.Method, to, err)
	}
	return a
}

// firstFrame reads the first event of a watch.
func firstFrame(t *testing.T, mediaType string, body io.ReadCloser) []byte {
	t.Helper()
	framer := map[string]runtime.Framer{
		runtime.ContentTypeJSON:         json.Framer,
		inProtobuf + streamed:           protobuf.LengthDelimitedFramer,
		runtime.ContentTypeCBORSequence: cbor.NewFramer(),
	}[mediaType]
	if framer == nil {
		return nil // The caller says so.
	}
	frame := make([]byte, 1<<20)
	n, err := framer.NewFrameReader(body).Read(frame)
	if err != nil {
		t.Fatalf("reading the first event of a watch in %s: %v", mediaType, err)
	}
	return frame[:n]
}

// is checks an answer's status and media type; it returns whether there is a body
// to look at. Without a media type that would do, the answer must be 406.
func (a answer) is(t *testing.T, what string, want []string) bool {
	t.Helper()
	if len(want) == 0 {
		if a.status != http.StatusNotAcceptable {
			t.Errorf("%s: got status %d and %s, want 406", what, a.status, a.mediaType)
		}
		return false
	}
	if a.status != http.StatusOK || !slices.Contains(want, a.mediaType) {
		t.Errorf("%s: got status %d and %s, want 200 and %s", what, a.status, a.mediaType, strings.Join(want, " or "))
		return false
	}
	return true
}

// event is the type of an event, and the object in it.
func (a answer) event(t *testing.T) (string, answer) {
	t.Helper()
	switch a.mediaType {
	case inProtobuf + streamed:
		var event metav1.WatchEvent
		if err := event.Unmarshal(a.body); err != nil {
			t.Fatalf("decoding an event: %v", err)
		}
		return event.Type, answer{mediaType: inProtobuf, body: event.Object.Raw}
	case runtime.ContentTypeCBORSequence:
		a.mediaType = inCBOR
	}
	event := a.decode(t)
	kind, _ := event["type"].(string)
	object, err := yaml.Marshal(event["object"])
	if err != nil {
		t.Fatal(err)
	}
	return kind, answer{mediaType: inYAML, body: object}
}

// kind is the kind of the object.
func (a answer) kind(t *testing.T) string {
	t.Helper()
	if a.base() == inProtobuf {
		return a.envelope(t).Kind
	}
	kind, _ := a.decode(t)["kind"].(string)
	return kind
}

// names are the names of the object, or of those in a list.
func (a answer) names(t *testing.T) []string {
	t.Helper()
	var items []any
	if a.base() == inProtobuf {
		return a.protobufNames(t)
	}
	object := a.decode(t)
	if list, ok := object["items"].([]any); ok {
		items = list
	} else {
		items = []any{object}
	}
	var names []string
	for _, item := range items {
		metadata, _ := item.(map[string]any)["metadata"].(map[string]any)
		name, _ := metadata["name"].(string)
		names = append(names, name)
	}
	return names
}

// protobufNames needs no types: field 1 of every object is its metadata, and field
// 2 of every list its items.
func (a answer) protobufNames(t *testing.T) []string {
	t.Helper()
	envelope := a.envelope(t)
	if !strings.HasSuffix(envelope.Kind, "List") {
		var object metav1.PartialObjectMetadata
		if err := object.Unmarshal(envelope.Raw); err != nil {
			t.Fatalf("decoding a %s: %v", envelope.Kind, err)
		}
		return []string{object.Name}
	}
	var list metav1.PartialObjectMetadataList
	if err := list.Unmarshal(envelope.Raw); err != nil {
		t.Fatalf("decoding a %s: %v", envelope.Kind, err)
	}
	var names []string
	for _, object := range list.Items {
		names = append(names, object.Name)
	}
	return names
}

// envelope is what an object in protobuf is wrapped in
// (k8s.io/apimachinery/pkg/runtime/serializer/protobuf).
func (a answer) envelope(t *testing.T) runtime.Unknown {
	t.Helper()
	var envelope runtime.Unknown
	content, found := bytes.CutPrefix(a.body, []byte("k8s\x00"))
	if !found {
		t.Fatalf("%s does not begin with the magic number: %q", a.mediaType, a.body[:min(len(a.body), 16)])
	}
	if err := envelope.Unmarshal(content); err != nil {
		t.Fatalf("decoding %s: %v", a.mediaType, err)
	}
	return envelope
}

// decode decodes what is not protobuf.
func (a answer) decode(t *testing.T) map[string]any {
	t.Helper()
	object := map[string]any{}
	decode := func(content []byte, into any) error { return yaml.Unmarshal(content, into) } // JSON is YAML
	if a.base() == inCBOR {
		decode = direct.Unmarshal
	}
	if err := decode(a.body, &object); err != nil {
		t.Fatalf("decoding %s: %v", a.mediaType, err)
	}
	return object
}

// base is the media type without parameters.
func (a answer) base() string {
	base, _, err := mime.ParseMediaType(a.mediaType)
	if err != nil {
		return a.mediaType
	}
	return base
}
