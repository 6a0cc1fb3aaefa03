package storagetest

import (
	"context"
	"errors"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apiserver/pkg/apis/example"
	examplev1 "k8s.io/apiserver/pkg/apis/example/v1"
	"k8s.io/apiserver/pkg/storage/value"
)

// NewCodecs makes the codecs that upstream tests with: JSON on the bare store, protobuf under the watch cache.
func NewCodecs() (json, proto runtime.Codec) {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, metav1.SchemeGroupVersion)
	utilruntime.Must(example.AddToScheme(scheme))
	utilruntime.Must(examplev1.AddToScheme(scheme))
	factory := serializer.NewCodecFactory(scheme)
	serializer := protobuf.NewSerializer(scheme, scheme)
	return factory.LegacyCodec(examplev1.SchemeGroupVersion),
		factory.CodecForVersions(serializer, serializer, schema.GroupVersions{examplev1.SchemeGroupVersion}, nil)
}

// failingCodec decodes nothing while it is told so.
type failingCodec struct {
	runtime.Codec
	fails atomic.Bool
}

func (c *failingCodec) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if c.fails.Load() {
		return nil, nil, errors.New("the test has decoding fail")
	}
	return c.Codec.Decode(data, defaults, into)
}

// switchedTransformer is whichever transformer a test wants now.
type switchedTransformer struct {
	current atomic.Pointer[value.Transformer]
}

func newSwitchedTransformer(first value.Transformer) *switchedTransformer {
	t := &switchedTransformer{}
	t.current.Store(&first)
	return t
}

// change puts another transformer in the place of the present one, and returns what undoes that.
func (t *switchedTransformer) change(next value.Transformer) (undo func()) {
	before := t.current.Swap(&next)
	return func() { t.current.Store(before) }
}

func (t *switchedTransformer) TransformFromStorage(ctx context.Context, data []byte, dataCtx value.Context) ([]byte, bool, error) {
	return (*t.current.Load()).TransformFromStorage(ctx, data, dataCtx)
}

func (t *switchedTransformer) TransformToStorage(ctx context.Context, data []byte, dataCtx value.Context) ([]byte, error) {
	return (*t.current.Load()).TransformToStorage(ctx, data, dataCtx)
}

// failingTransformer reads nothing while it is told so.
type failingTransformer struct {
	value.Transformer
	fails atomic.Bool
}

func (t *failingTransformer) TransformFromStorage(ctx context.Context, data []byte, dataCtx value.Context) ([]byte, bool, error) {
	if t.fails.Load() {
		return nil, false, errors.New("the test has transforming fail")
	}
	return t.Transformer.TransformFromStorage(ctx, data, dataCtx)
}
