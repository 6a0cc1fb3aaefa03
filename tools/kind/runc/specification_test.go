package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/annex/tools/kind/host"
)

func TestSpecification(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--root", "/run", "create", "--bundle", "/b", "--pid-file", "/p", "id"}, "/b/config.json"},
		{[]string{"create", "--bundle=/b", "id"}, "/b/config.json"},
		{[]string{"exec", "--process", "/p.json", "id"}, "/p.json"},
		{[]string{"exec", "-p", "/p.json", "id"}, "/p.json"},
		{[]string{"delete", "id"}, ""},
	} {
		if got := specification(tc.args); got != tc.want {
			t.Errorf("%v: got %q, want %q", tc.args, got, tc.want)
		}
	}
}

func TestReduce(t *testing.T) {
	t.Parallel()
	conditions := host.Conditions{MissingCapabilities: []string{"CAP_SYS_RESOURCE"}}
	for name, tc := range map[string]struct{ in, want string }{
		"a container": {
			`{"ociVersion":"1.0","process":{"args":["x"],"capabilities":{"bounding":["CAP_KILL","CAP_SYS_RESOURCE"]}},"linux":{"readonlyPaths":["/proc/bus"],"seccomp":null}}`,
			`{"ociVersion":"1.0","process":{"args":["x"],"capabilities":{"bounding":["CAP_KILL"]}},"linux":{"readonlyPaths":["/proc/bus","/proc/sys/abi","/proc/sys/debug","/proc/sys/dev","/proc/sys/fs","/proc/sys/kernel","/proc/sys/vm","/proc/sysrq-trigger"],"seccomp":null}}`,
		},
		"a process": {
			`{"args":["x"],"capabilities":{"effective":["CAP_SYS_RESOURCE"],"permitted":["CAP_CHOWN"]}}`,
			`{"args":["x"],"capabilities":{"effective":[],"permitted":["CAP_CHOWN"]}}`,
		},
		"a process without capabilities": {`{"args":["x"]}`, `{"args":["x"]}`},
	} {
		changed, err := reduce([]byte(tc.in), conditions)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got, want any
		if err := json.Unmarshal(changed, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: unexpected (-want +got):\n%s", name, diff)
		}
	}
	if _, err := reduce([]byte(`{"process":{"capabilities":1}}`), conditions); err == nil {
		t.Error("capabilities that are none are taken")
	}
}
