package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kept is how many exchanges a Trace holds. What led to a failure is among the last.
const kept = 20

// Trace holds the last exchanges of a feature. The zero value is ready for use. A nil Trace remembers nothing.
type Trace struct {
	mu        sync.Mutex
	exchanges []Exchange
}

type contextKey struct{}

// NewContext returns a context with the trace.
func NewContext(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, contextKey{}, t)
}

// FromContext is the context's trace, nil where it has none.
func FromContext(ctx context.Context) *Trace {
	t, _ := ctx.Value(contextKey{}).(*Trace)
	return t
}

// Add remembers an exchange, and forgets the oldest of too many.
func (t *Trace) Add(e Exchange) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.exchanges) == kept {
		t.exchanges = t.exchanges[1:]
	}
	t.exchanges = append(t.exchanges, e)
}

// Take returns what is remembered, oldest first, and forgets it.
func (t *Trace) Take() []Exchange {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.exchanges
	t.exchanges = nil
	return taken
}

// Wrap is a transport that remembers what passes through it: for rest.Config.Wrap.
func (t *Trace) Wrap(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{trace: t, next: next}
}

type transport struct {
	trace *Trace
	next  http.RoundTripper
}

func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	e := Exchange{
		Method:      request.Method,
		URI:         request.URL.RequestURI(),
		As:          request.Header.Get("Impersonate-User"),
		Accept:      request.Header.Get("Accept"),
		ContentType: request.Header.Get("Content-Type"),
	}
	started := time.Now()
	response, err := t.next.RoundTrip(request)
	e.Seconds = time.Since(started).Seconds()
	if err != nil {
		e.Error = err.Error()
	} else {
		e.Status = response.StatusCode
		if e.Status >= http.StatusBadRequest {
			e.Reason, e.Message = refusal(response)
		}
	}
	t.trace.Add(e)
	return response, err
}

// refusal reads the metav1.Status in a response, which can be read again afterwards.
func refusal(response *http.Response) (reason, message string) {
	const most = 64 << 10 // More than any Status has.
	start, err := io.ReadAll(io.LimitReader(response.Body, most))
	response.Body = rewound{io.MultiReader(bytes.NewReader(start), failing(err), response.Body), response.Body}
	var status metav1.Status
	if json.Unmarshal(start, &status) != nil {
		return "", "" // Not JSON: the HTTP status has to do.
	}
	return string(status.Reason), status.Message
}

type rewound struct {
	io.Reader
	io.Closer
}

// failing is a reader that ends with the error, or at once without one.
func failing(err error) io.Reader {
	if err == nil {
		return bytes.NewReader(nil)
	}
	return reader(func([]byte) (int, error) { return 0, err })
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }
