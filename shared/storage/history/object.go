package history

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/storage/storagetest"
)

// Object is an object as histories know it.
type Object struct {
	Key string
	// UID is of the creation.
	UID string
	// Value is another for each write.
	Value string
	// Color is what watches select by.
	Color string
	// Revision is the resourceVersion.
	Revision uint64
}

// is says whether the contents are the same, whatever the revision.
func (o Object) is(other Object) bool {
	other.Revision = o.Revision
	return o == other
}

func (o *Object) String() string {
	if o == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s=%s (%s, uid %s) at %d", o.Key, o.Value, o.Color, o.UID, o.Revision)
}

const (
	namespace  = "default"
	valueLabel = "value"
	colorLabel = "color"
)

// path is the key of an object in requests to the storage.
func path(key string) string { return storagetest.ResourcePrefix + namespace + "/" + key }

// pod is an object as the storage knows it.
func (o Object) pod() *example.Pod {
	pod := &example.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace,
		Name:      o.Key,
		UID:       types.UID(o.UID),
		Labels:    map[string]string{valueLabel: o.Value, colorLabel: o.Color},
	}}
	if o.Revision != 0 {
		pod.ResourceVersion = fmt.Sprint(o.Revision)
	}
	return pod
}

// objectOf undoes pod.
func objectOf(obj runtime.Object) (Object, error) {
	pod, ok := obj.(*example.Pod)
	if !ok {
		return Object{}, fmt.Errorf("%T is no pod", obj)
	}
	revision, err := storage.APIObjectVersioner{}.ObjectResourceVersion(pod)
	if err != nil {
		return Object{}, err
	}
	return Object{Key: pod.Name, UID: string(pod.UID), Value: pod.Labels[valueLabel], Color: pod.Labels[colorLabel], Revision: revision}, nil
}
