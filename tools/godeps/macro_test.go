package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInStep fails when go.mod was changed without its macro.
func TestInStep(t *testing.T) {
	t.Parallel()
	read := func(path string) []byte {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	want, err := macro("go.mod", read("../../go.mod"), read("../../go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(read("../build/go_deps.bzl"))); diff != "" {
		t.Errorf("%s is not in step with go.mod: run ./tools/bazel run //tools/godeps\n(-want +got):\n%s", output, diff)
	}
}

func TestMacro(t *testing.T) {
	t.Parallel()
	const sum = `github.com/A/b-c.v2 v1.0.0 h1:zip=
github.com/A/b-c.v2 v1.0.0/go.mod h1:mod=
k8s.io/api v0.37.2/go.mod h1:mod=
`
	for name, tc := range map[string]struct {
		mod       string
		want      []string
		complaint string
	}{
		"a module":       {mod: "require github.com/A/b-c.v2 v1.0.0", want: []string{`name = "com_github_a_b_c_v2"`, `importpath = "github.com/A/b-c.v2"`, `sum = "h1:zip="`, `version = "v1.0.0"`}},
		"no hash":        {mod: "require k8s.io/api v0.37.2", complaint: "go.sum has no hash of k8s.io/api@v0.37.2: run `go mod tidy`"},
		"a replacement":  {mod: "replace k8s.io/api => ../api", complaint: "go.mod replaces k8s.io/api"},
		"what is no mod": {mod: "requires?", complaint: "reading go.mod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := macro("go.mod", []byte("module m\n"+tc.mod+"\n"), []byte(sum))
			if tc.complaint != "" {
				if err == nil || !strings.Contains(err.Error(), tc.complaint) {
					t.Errorf("got %v, want an error with %q", err, tc.complaint)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(string(got), want) {
					t.Errorf("%s does not stand in\n%s", want, got)
				}
			}
		})
	}
}
