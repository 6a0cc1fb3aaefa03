package version

import (
	"runtime"
	"testing"
)

// Not parallel: the stamp is the program's.
func TestVersion(t *testing.T) {
	before := stamp
	t.Cleanup(func() { stamp = before })
	for stamped, want := range map[string]string{"": "development", "v1.2.3": "v1.2.3"} {
		stamp = stamped
		if got := Version(); got != want {
			t.Errorf("stamped %q: version %q, want %q", stamped, got, want)
		}
		if got, want := Long(), want+" ("+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH+")"; got != want {
			t.Errorf("stamped %q: long version %q, want %q", stamped, got, want)
		}
	}
}
