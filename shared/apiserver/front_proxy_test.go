package apiserver

import (
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// authority is one that is read some time.
type authority struct {
	dynamiccertificates.CAContentProvider
	content []byte
}

func (a *authority) CurrentCABundleContent() []byte { return a.content }

// TestKnownAuthority: not ready without the front proxy's authority, nor at once when it is there. What happens to a real server, the
// suite e2e/rollout shows.
func TestKnownAuthority(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &authority{}
		check := knownAuthority(a)
		time.Sleep(2 * frontProxySettles)
		if check.Check(nil) == nil {
			t.Error("ready without an authority")
		}
		a.content = []byte("PEM")
		if check.Check(nil) == nil {
			t.Error("ready as soon as there is one")
		}
		time.Sleep(frontProxySettles)
		if err := check.Check(nil); err != nil {
			t.Error(err)
		}
	})
}
