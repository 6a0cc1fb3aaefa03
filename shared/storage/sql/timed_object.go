package sql

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
)

// timedObject is an object of an event, and when the event was read: by that the watch cache, the only one who asks for
// it, measures how long it takes to pass events on.
type timedObject struct {
	runtime.Object
	read time.Time
}

var (
	_ storage.WatchEventWithRecordTime = &timedObject{}
	_ metav1.ObjectMetaAccessor        = &timedObject{}
)

// RecordTime is when the event was read.
func (t *timedObject) RecordTime() time.Time { return t.read }

// Unwrap is the object itself.
func (t *timedObject) Unwrap() runtime.Object { return t.Object }

// DeepCopyObject copies the object.
func (t *timedObject) DeepCopyObject() runtime.Object {
	return &timedObject{Object: t.Object.DeepCopyObject(), read: t.read}
}

// GetObjectMeta is the object's metadata; nil if it has none.
func (t *timedObject) GetObjectMeta() metav1.Object {
	accessor, err := meta.Accessor(t.Object)
	if err != nil {
		return nil
	}
	return accessor
}
