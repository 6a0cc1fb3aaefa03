package sql

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	endpointsrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/klog/v2"
)

// encode makes the bytes of an object that are compared: without what the storage sets, before they are transformed.
func (s *Store) encode(obj runtime.Object) ([]byte, error) {
	if err := s.versioner.PrepareObjectForStorage(obj); err != nil {
		return nil, fmt.Errorf("preparing an object for storage: %w", err)
	}
	return runtime.Encode(s.config.Codec, obj)
}

// toStorage makes the bytes that are stored. The key is authenticated with them, so that they are of no use under
// another.
func (s *Store) toStorage(ctx context.Context, key string, data []byte) ([]byte, error) {
	stored, err := s.transformer.TransformToStorage(ctx, data, value.DefaultContext(key))
	if err != nil {
		return nil, storage.NewInternalError(fmt.Errorf("transforming %s for storage: %w", key, err))
	}
	if len(key)+len(stored) > maxBytes {
		return nil, errTooLarge
	}
	// What is nil is not there.
	return append([]byte{}, stored...), nil
}

// fromStorage undoes toStorage. stale says that the bytes would be stored differently now, such as with another key of
// encryption.
func (s *Store) fromStorage(ctx context.Context, key string, stored []byte) (data []byte, stale bool, err error) {
	return s.transformer.TransformFromStorage(ctx, stored, value.DefaultContext(key))
}

// decode makes an object of bytes, and sets its resourceVersion.
func (s *Store) decode(data []byte, into runtime.Object, revision int64) error {
	if _, err := conversion.EnforcePtr(into); err != nil {
		return fmt.Errorf("decoding an object: %w", err)
	}
	if _, _, err := s.config.Codec.Decode(data, nil, into); err != nil {
		return s.undecodable(err, revision)
	}
	s.setResourceVersion(into, revision)
	return nil
}

// decodeNew makes an object of bytes, into one that is empty or into nil, and sets its resourceVersion.
func (s *Store) decodeNew(ctx context.Context, data []byte, empty runtime.Object, revision int64) (runtime.Object, error) {
	start := time.Now()
	obj, _, err := s.config.Codec.Decode(data, nil, empty)
	endpointsrequest.TrackDecodeLatency(ctx, time.Since(start))
	if err != nil {
		return nil, s.undecodable(err, revision)
	}
	s.setResourceVersion(obj, revision)
	return obj, nil
}

// setResourceVersion does nothing to an object that can't have one: that is no reason not to return it.
func (s *Store) setResourceVersion(obj runtime.Object, revision int64) {
	if err := s.versioner.UpdateObject(obj, uint64(revision)); err != nil {
		klog.Background().Error(err, "Could not set the resourceVersion of an object", "resource", s.config.Resource, "revision", revision)
	}
}

func (s *Store) undecodable(err error, revision int64) error {
	if corruptObjectsCanBeDeleted() {
		return &corruptObjectError{problem: "can't be decoded", revision: revision, err: err}
	}
	return err
}
