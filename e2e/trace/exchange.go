package trace

import (
	"fmt"
	"strings"
)

// Exchange is a request and its answer, or a command that spoke to the cluster. No credentials are in it, and no objects.
type Exchange struct {
	// Command is a command line, of kubectl for example. The fields of a request are empty then.
	Command string `json:"command,omitempty"`

	// Method and URI are the request's: GET, /apis/example.com/v1/sites?limit=1.
	Method string `json:"method,omitempty"`
	URI    string `json:"uri,omitempty"`
	// As is the user who was impersonated.
	As string `json:"as,omitempty"`
	// Accept is what the client can read, and ContentType what it sent: the headers.
	Accept      string `json:"accept,omitempty"`
	ContentType string `json:"contentType,omitempty"`

	// Status is the HTTP status, or the command's exit status.
	Status int `json:"status,omitempty"`
	// Reason and Message are those of an answer that is a metav1.Status. Message is also what a command that failed wrote
	// to standard error.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Error is why there was no answer.
	Error string `json:"error,omitempty"`
	// Seconds passed until the answer began.
	Seconds float64 `json:"seconds"`
}

// String is the exchange in one line:
//
//	PUT /apis/example.com/v1/sites/one: 409 Conflict: the object has been modified (12 ms)
func (e Exchange) String() string {
	var b strings.Builder
	if e.Command != "" {
		fmt.Fprintf(&b, "%s: exit status %d", e.Command, e.Status)
	} else {
		fmt.Fprintf(&b, "%s %s", e.Method, e.URI)
		if e.As != "" {
			fmt.Fprintf(&b, " as %s", e.As)
		}
		if e.Status != 0 {
			fmt.Fprintf(&b, ": %d", e.Status)
		}
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, " %s", e.Reason)
	}
	for _, text := range []string{e.Message, e.Error} {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			fmt.Fprintf(&b, ": %s", text)
		}
	}
	// The media types matter where they were the trouble: 406 Not Acceptable, 415 Unsupported Media Type.
	switch e.Status {
	case 406:
		fmt.Fprintf(&b, "; Accept: %s", e.Accept)
	case 415:
		fmt.Fprintf(&b, "; Content-Type: %s", e.ContentType)
	}
	fmt.Fprintf(&b, " (%.0f ms)", e.Seconds*1000)
	return b.String()
}
