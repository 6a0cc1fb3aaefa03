package version

import (
	"fmt"
	"runtime"
)

// unstamped is what programs built without --config=release say.
const unstamped = "development"

// stamp is set by the linker under --config=release: a tag, or a commit.
var stamp string

// Version is the tag or commit that the program was built from, or "development".
func Version() string {
	if stamp == "" {
		return unstamped
	}
	return stamp
}

// Long is the version with the Go version and platform, on one line, as --version prints it after the program's name.
func Long() string {
	return fmt.Sprintf("%s (%s, %s/%s)", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
