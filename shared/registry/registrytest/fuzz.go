package registrytest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"example.com/annex/shared/apiserver"
)

// FuzzBody lets a fuzzer write bodies of requests to a resource, in one of its versions, and takes them the way that the server
// does: decoding in every encoding, defaults, conversion, the strategies of create and update, and the table. Nothing may panic,
// no error may be an internal one, and what create accepts must come back the same from every version and encoding.
//
// The fuzzer starts from samples, which must be valid, and from what is in testdata/fuzz.
func FuzzBody(f *testing.F, definition apiserver.Definition, resource schema.GroupResource, version string, samples ...string) {
	f.Helper()
	s := newServer(f, definition, resource, version)
	for _, sample := range samples {
		decoded := s.decode([]byte(sample))
		if len(decoded) == 0 {
			f.Fatalf("this sample can't be decoded as %s: %s", s.kind, sample)
		}
		if err := rest.BeforeCreate(s.store.CreateStrategy, s.ctx, s.new(decoded[0])); err != nil {
			f.Fatalf("this sample is not valid: %v: %s", err, sample)
		}
		s.old = s.new(decoded[0])
		f.Add([]byte(sample))
	}
	if s.old == nil {
		f.Fatal("there is no sample")
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, object := range s.decode(body) {
			s.convert(t, object)
			s.print(t, object)
			created := s.new(object)
			err := rest.BeforeCreate(s.store.CreateStrategy, s.ctx, created)
			expectNotInternal(t, err)
			if err == nil {
				s.roundTrip(t, created)
				s.selectable(t, created)
			}
			expectNotInternal(t, rest.BeforeUpdate(s.store.UpdateStrategy, s.ctx, s.replacing(object), s.old.DeepCopyObject()))
		}
	})
}

// server is what a server does to an object before it stores it.
type server struct {
	scheme   *runtime.Scheme
	codecs   serializer.CodecFactory
	store    *genericregistry.Store
	kind     schema.GroupVersionKind
	versions []schema.GroupVersion
	ctx      context.Context // of requests in the version
	old      runtime.Object  // the object that is updated
}

func newServer(f *testing.F, definition apiserver.Definition, resource schema.GroupResource, version string) *server {
	f.Helper()
	scheme, storage := storageOf(f, Nowhere, definition, resource)
	s := &server{scheme: scheme, codecs: serializer.NewCodecFactory(scheme), store: genericStore(f, storage)}
	kinds, _, err := scheme.ObjectKinds(s.store.New())
	if err != nil {
		f.Fatal(err)
	}
	s.kind = kinds[0].GroupKind().WithVersion(version)
	s.versions = scheme.VersionsForGroupKind(s.kind.GroupKind())
	if !scheme.Recognizes(s.kind) {
		f.Fatalf("there is no %s: use one of %v", s.kind, s.versions)
	}
	s.ctx = request.WithRequestInfo(request.WithNamespace(context.Background(), s.namespace()), &request.RequestInfo{
		IsResourceRequest: true, APIGroup: resource.Group, APIVersion: version, Resource: resource.Resource,
	})
	return s
}

func (s *server) namespace() string {
	if s.store.CreateStrategy.NamespaceScoped() {
		return "fuzz"
	}
	return metav1.NamespaceNone
}

// decode decodes a body in every encoding, strictly and not, into internal objects.
func (s *server) decode(body []byte) []runtime.Object {
	var objects []runtime.Object
	internal := schema.GroupVersion{Group: s.kind.Group, Version: runtime.APIVersionInternal}
	for _, info := range s.codecs.SupportedMediaTypes() {
		for _, d := range []runtime.Decoder{info.StrictSerializer, info.Serializer} {
			object, _, err := s.codecs.DecoderToVersion(d, internal).Decode(body, &s.kind, s.store.New())
			if err == nil && object != nil {
				objects = append(objects, object)
				break
			}
		}
	}
	return objects
}

// new is the object as the handler of creates and the store complete it.
func (s *server) new(object runtime.Object) runtime.Object {
	object = object.DeepCopyObject()
	m := object.(metav1.Object)
	rest.WipeObjectMetaSystemFields(m)
	rest.FillObjectMetaSystemFields(m)
	if m.GetName() == "" && m.GetGenerateName() != "" {
		m.SetName(s.store.CreateStrategy.GenerateName(m.GetGenerateName()))
	}
	// The handler makes them, of what the client sent among other things: only the times stay as they are.
	for i, entry := range m.GetManagedFields() {
		m.GetManagedFields()[i] = metav1.ManagedFieldsEntry{
			Manager: "fuzz", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: s.kind.GroupVersion().String(), Time: entry.Time,
			FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1("{}"),
		}
	}
	return object
}

// replacing is the object as an update of the old one.
func (s *server) replacing(object runtime.Object) runtime.Object {
	object = object.DeepCopyObject()
	m, old := object.(metav1.Object), s.old.(metav1.Object)
	m.SetName(old.GetName())
	m.SetNamespace(old.GetNamespace())
	m.SetUID(old.GetUID())
	m.SetResourceVersion(old.GetResourceVersion())
	m.SetManagedFields(nil)
	return object
}

// convert converts an object, valid or not, to every version.
func (s *server) convert(t *testing.T, object runtime.Object) {
	t.Helper()
	for _, gv := range s.versions {
		if _, err := s.scheme.ConvertToVersion(object.DeepCopyObject(), gv); err != nil {
			t.Errorf("converting to %s: %v", gv, err)
		}
	}
}

// roundTrip sends an object through every version and encoding. JSON comes first: it has no fractions of seconds, and only
// valid UTF-8.
func (s *server) roundTrip(t *testing.T, object runtime.Object) {
	t.Helper()
	infos := s.codecs.SupportedMediaTypes()
	object = s.through(t, infos[0], s.kind.GroupVersion(), object)
	for _, gv := range s.versions {
		for _, info := range infos {
			if info.MediaType == runtime.ContentTypeProtobuf && !hasProtobuf(s.scheme, gv.WithKind(s.kind.Kind)) {
				continue
			}
			got := s.through(t, info, gv, object)
			if !apiequality.Semantic.DeepEqual(object, got) {
				t.Errorf("from %s in %s it comes back otherwise (-before +after):\n%s", gv, info.MediaType, cmp.Diff(object, got))
			}
		}
	}
}

func (s *server) through(t *testing.T, info runtime.SerializerInfo, gv schema.GroupVersion, object runtime.Object) runtime.Object {
	t.Helper()
	data, err := runtime.Encode(s.codecs.EncoderForVersion(info.Serializer, gv), object)
	if err != nil {
		t.Fatalf("encoding in %s as %s: %v", gv, info.MediaType, err)
	}
	internal := schema.GroupVersion{Group: s.kind.Group, Version: runtime.APIVersionInternal}
	got, _, err := s.codecs.DecoderToVersion(info.StrictSerializer, internal).Decode(data, nil, s.store.New())
	if err != nil {
		t.Fatalf("decoding what was encoded in %s as %s: %v\n%s", gv, info.MediaType, err, data)
	}
	return got
}

func hasProtobuf(scheme *runtime.Scheme, kind schema.GroupVersionKind) bool {
	object, err := scheme.New(kind)
	if err != nil {
		return false
	}
	_, ok := object.(interface{ Marshal() ([]byte, error) })
	return ok
}

// print makes a table of the object.
func (s *server) print(t *testing.T, object runtime.Object) {
	t.Helper()
	table, err := s.store.ConvertToTable(s.ctx, object, nil)
	if err != nil {
		t.Errorf("printing: %v", err)
		return
	}
	if len(table.Rows) != 1 || len(table.Rows[0].Cells) != len(table.ColumnDefinitions) {
		t.Errorf("want a row with a cell for each column, got %v", table.Rows)
	}
	if _, err := json.Marshal(table.Rows[0].Cells); err != nil {
		t.Errorf("the row %v can't be sent: %v", table.Rows[0].Cells, err)
	}
}

// selectable selects the object by all its fields.
func (s *server) selectable(t *testing.T, object runtime.Object) {
	t.Helper()
	predicate := s.store.PredicateFunc(labels.Everything(), fields.Everything())
	of, values, err := predicate.GetAttrs(object)
	if err != nil {
		t.Errorf("reading the labels and fields: %v", err)
		return
	}
	predicate = s.store.PredicateFunc(labels.SelectorFromSet(of), fields.SelectorFromSet(values))
	if matches, err := predicate.Matches(object); err != nil || !matches {
		t.Errorf("its own labels %v and fields %v do not select it: %v", of, values, err)
	}
}

func expectNotInternal(t *testing.T, err error) {
	t.Helper()
	if err != nil && (apierrors.IsInternalError(err) || apierrors.ReasonForError(err) == metav1.StatusReasonUnknown) {
		t.Errorf("a body makes the server fail: %v", err)
	}
}
