package registry

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// logName is the subresource's. Of all names that mean a stream to read, it is the only one for which kube-apiserver lets a
// request run longer than a minute (k8s.io/kubernetes/pkg/controlplane/apiserver/config.go, LongRunningFunc).
const logName = "log"

// Log describes the subresource log: the life of an object as lines of text. Nothing is stored for it. What was before the
// request is told from the object as it is: when it was created, who wrote it last and through which subresource
// (metadata.managedFields), what Describe knows, and whether it is being deleted. With the option follow the stream stays open,
// and every later write of the object, which the resource's watch reports, adds the lines that Changes says. It ends with the
// object, or with the server.
type Log[T Object] struct {
	// NewOptions returns an empty object of the internal type of the query parameters. The scheme must have it, and a type of
	// the same name in every version of the resource, with a conversion from url.Values
	// (+k8s:conversion-gen:explicit-from=net/url.Values). Required.
	NewOptions func() runtime.Object
	// Options returns what the query parameters say. Required.
	Options func(runtime.Object) LogOptions
	// Describe returns what an object tells besides its metadata: conditions with the time of their last transition, for
	// example, and, without a time, how it is now. Optional.
	Describe func(T) []LogLine
	// Changes returns a line for each thing to tell of the step from old to now, none where there is nothing. The deletion is
	// told already. Required.
	Changes func(old, now T) []string
}

// LogLine is one line of a log.
type LogLine struct {
	// Time is that of what the line is about; zero means now.
	Time time.Time
	// Text is one line, without its end. Line breaks in it become spaces: whoever may write a condition's message must not be
	// able to write lines of his own.
	Text string
}

// LogOptions are the query parameters of a log. Each means what it does for the log of a pod (k8s.io/api/core/v1.PodLogOptions).
type LogOptions struct {
	// Follow keeps the stream open, and adds lines as things happen.
	Follow bool
	// SinceSeconds leaves out lines that are older, in seconds. At least 1.
	SinceSeconds *int64
	// SinceTime leaves out lines from before. Not together with SinceSeconds.
	SinceTime *metav1.Time
	// Timestamps begins each line with its time (RFC 3339, UTC) and a space.
	Timestamps bool
	// TailLines is how many of the lines from before the request are shown at most, the last ones. At least 0.
	TailLines *int64
	// LimitBytes ends the stream after so many bytes, maybe in the middle of a line. At least 1.
	LimitBytes *int64
}

func (l Log[T]) validate() error {
	if l.NewOptions == nil || l.Options == nil || l.Changes == nil {
		return errors.New("Log needs NewOptions, Options and Changes")
	}
	return nil
}

// validate says what upstream says of the same mistakes (ValidatePodLogOptions in k8s.io/kubernetes/pkg/apis/core/validation).
func (o LogOptions) validate() field.ErrorList {
	var errs field.ErrorList
	if o.TailLines != nil && *o.TailLines < 0 {
		errs = append(errs, field.Invalid(field.NewPath("tailLines"), *o.TailLines, "must be greater than or equal to 0"))
	}
	if o.LimitBytes != nil && *o.LimitBytes < 1 {
		errs = append(errs, field.Invalid(field.NewPath("limitBytes"), *o.LimitBytes, "must be greater than 0"))
	}
	switch {
	case o.SinceSeconds != nil && o.SinceTime != nil:
		errs = append(errs, field.Forbidden(field.NewPath("sinceTime"), "may not be specified together with sinceSeconds"))
	case o.SinceSeconds != nil && *o.SinceSeconds < 1:
		errs = append(errs, field.Invalid(field.NewPath("sinceSeconds"), *o.SinceSeconds, "must be greater than 0"))
	}
	return errs
}

// past are the lines that an object tells of itself at a time, as the options want them.
func (l Log[T]) past(o T, options LogOptions, now time.Time) []LogLine {
	lines := []LogLine{{o.GetCreationTimestamp().Time, "created"}}
	for _, entry := range o.GetManagedFields() {
		if entry.Time != nil {
			lines = append(lines, LogLine{entry.Time.Time, written(entry)})
		}
	}
	if l.Describe != nil {
		lines = append(lines, l.Describe(o)...)
	}
	if text := deletion(o); text != "" {
		lines = append(lines, LogLine{o.GetDeletionTimestamp().Time, text})
	}
	for i := range lines {
		if lines[i].Time.IsZero() {
			lines[i].Time = now
		}
	}
	// Times in objects are whole seconds. What has the same stays in the order from above.
	slices.SortStableFunc(lines, func(a, b LogLine) int { return a.Time.Compare(b.Time) })
	since := time.Time{}
	if options.SinceTime != nil {
		since = options.SinceTime.Time
	}
	if options.SinceSeconds != nil {
		since = now.Add(-time.Duration(min(*options.SinceSeconds, int64(math.MaxInt64/time.Second))) * time.Second)
	}
	lines = slices.DeleteFunc(lines, func(line LogLine) bool { return line.Time.Before(since) })
	if n := options.TailLines; n != nil && *n < int64(len(lines)) {
		lines = lines[int64(len(lines))-*n:]
	}
	return lines
}

// between are the lines about the step from old to now.
func (l Log[T]) between(old, now T) []string {
	texts := l.Changes(old, now)
	if text := deletion(now); text != "" && text != deletion(old) {
		texts = append(texts, text)
	}
	return texts
}

// written says what a manager of fields last did.
func written(entry metav1.ManagedFieldsEntry) string {
	text := "written by "
	if entry.Operation == metav1.ManagedFieldsOperationApply {
		text = "applied by "
	}
	text += entry.Manager
	if entry.Subresource != "" {
		text += " through " + entry.Subresource
	}
	return text
}

// deletion says what the deletion of an object waits for, and nothing where nobody has asked for it.
func deletion(o Object) string {
	if o.GetDeletionTimestamp() == nil {
		return ""
	}
	if len(o.GetFinalizers()) == 0 {
		return "being deleted"
	}
	return "being deleted, waiting for finalizers " + strings.Join(o.GetFinalizers(), ", ")
}
