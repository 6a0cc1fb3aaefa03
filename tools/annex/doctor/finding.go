package doctor

import (
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"example.com/annex/shared/auth"
)

// Status is what became of a link.
type Status string

const (
	// OK is a link that was seen to be right.
	OK Status = "ok"
	// Wrong is one that was seen to be wrong.
	Wrong Status = "WRONG"
	// NotChecked is one of which nothing can be said; the detail says why.
	NotChecked Status = "not checked"
)

// Finding is what is known about one link.
type Finding struct {
	// Link is its name.
	Link string `json:"link"`
	// Status is what became of it.
	Status Status `json:"status"`
	// Detail is what was seen, and how.
	Detail string `json:"detail"`
	// Mend is the command for a shell that puts right what is wrong. Words in capitals are for the reader to fill in. Empty where
	// there is no such command.
	Mend string `json:"mend,omitempty"`
	// Advice is what to do where a command alone is not enough.
	Advice string `json:"advice,omitempty"`

	blocks string // Why what needs the link can't be checked either, although nothing is known to be wrong; or nothing.
}

func right(format string, args ...any) Finding {
	return Finding{Status: OK, Detail: fmt.Sprintf(format, args...)}
}

func wrong(format string, args ...any) Finding {
	return Finding{Status: Wrong, Detail: fmt.Sprintf(format, args...)}
}

func notChecked(format string, args ...any) Finding {
	return Finding{Status: NotChecked, Detail: fmt.Sprintf(format, args...)}
}

func (f Finding) mend(format string, args ...any) Finding {
	f.Mend = fmt.Sprintf(format, args...)
	return f
}

func (f Finding) advise(format string, args ...any) Finding {
	f.Advice = fmt.Sprintf(format, args...)
	return f
}

// block keeps what needs the link from being checked.
func (f Finding) block(why string) Finding {
	f.blocks = why
	return f
}

// unread is the finding where kube-apiserver did not answer a request for a resource: with the right that is lacking, if that is
// why.
func unread(err error, r authorizationv1.ResourceAttributes) Finding {
	if apierrors.IsForbidden(err) {
		return notChecked("you %s", auth.Lack{Access: auth.Access{Role: "a role of yours"}, Attributes: r})
	}
	return notChecked("asking kube-apiserver: %v", err)
}
