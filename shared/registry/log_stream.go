package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/registry/rest"
)

const logContentType = "text/plain"

// The lines that end a log.
const (
	logDeleted      = "deleted"
	logReplaced     = "deleted, and created anew: that is another object, and another log"
	logShuttingDown = "the server shuts down: follow again"
	logInterrupted  = "the server lost track of the object: follow again"
)

// logStream is the log of one object for one reader. It has no goroutine of its own: whoever reads waits for the watch. A reader
// that is too slow for the watch is told that the server lost track.
type logStream[T Object] struct {
	log     Log[T]
	options LogOptions
	object  T // as it was when the last line was made

	// These are nil unless it is followed.
	watcher            watch.Interface
	done, shuttingDown <-chan struct{}

	pending bytes.Buffer
	left    int64 // bytes that may still be read
	ended   bool  // once pending is read
}

var (
	_ rest.ResourceStreamer = &logStream[Object]{}
	_ io.ReadCloser         = &logStream[Object]{}
)

func newLogStream[T Object](log Log[T], options LogOptions, object T) *logStream[T] {
	s := &logStream[T]{log: log, options: options, object: object, left: 1<<63 - 1, ended: !options.Follow}
	if options.LimitBytes != nil {
		s.left = *options.LimitBytes
	}
	for _, line := range log.past(object, options, time.Now()) {
		s.write(line)
	}
	return s
}

// GetObjectKind is that of something which is no API object.
func (s *logStream[T]) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject returns the stream itself: it can be read once.
func (s *logStream[T]) DeepCopyObject() runtime.Object { return s }

// InputStream returns the stream itself. What is followed must be flushed line by line.
func (s *logStream[T]) InputStream(context.Context, string, string) (stream io.ReadCloser, flush bool, contentType string, err error) {
	return s, s.options.Follow, logContentType, nil
}

// Read returns what there is, or waits for the next lines.
func (s *logStream[T]) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	for s.pending.Len() == 0 {
		if s.ended {
			return 0, io.EOF
		}
		s.wait()
	}
	n, err := s.pending.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	return n, err
}

// Close stops the watch.
func (s *logStream[T]) Close() error {
	if s.watcher != nil {
		s.watcher.Stop()
	}
	return nil
}

// wait takes the next event of the watch, and writes what there is to tell of it.
func (s *logStream[T]) wait() {
	select {
	case <-s.done: // The reader is gone.
		s.ended = true
	case <-s.shuttingDown:
		s.end(logShuttingDown)
	case event, open := <-s.watcher.ResultChan():
		if !open {
			s.end(logInterrupted)
			return
		}
		s.tell(event)
	}
}

func (s *logStream[T]) tell(event watch.Event) {
	switch event.Type {
	case watch.Bookmark:
		return
	case watch.Error:
		s.end(fmt.Sprintf("%s (%v)", logInterrupted, apierrors.FromObject(event.Object)))
		return
	}
	// Where several watch, they share an object that is encoded once.
	if shared, ok := event.Object.(runtime.CacheableObject); ok {
		event.Object = shared.GetObject()
	}
	object, ok := event.Object.(T)
	if !ok {
		s.end(fmt.Sprintf("%s (it got a %T)", logInterrupted, event.Object))
		return
	}
	switch {
	case object.GetUID() != s.object.GetUID():
		s.end(logReplaced)
	case event.Type == watch.Deleted:
		s.end(logDeleted)
	default:
		for _, text := range s.log.between(s.object, object) {
			s.write(LogLine{time.Now(), text})
		}
		s.object = object
	}
}

func (s *logStream[T]) end(text string) {
	s.write(LogLine{time.Now(), text})
	s.ended = true
}

// oneLine takes line breaks out of a text, however they are written, and all else that moves a terminal's cursor.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ReplaceAll(text, "\r\n", " "))
}

func (s *logStream[T]) write(line LogLine) {
	if s.options.Timestamps {
		s.pending.WriteString(line.Time.UTC().Format(time.RFC3339Nano))
		s.pending.WriteByte(' ')
	}
	s.pending.WriteString(oneLine(line.Text))
	s.pending.WriteByte('\n')
}
