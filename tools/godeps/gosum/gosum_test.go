package gosum_test

import (
	"maps"
	"testing"

	"golang.org/x/mod/module"

	"example.com/annex/tools/godeps/gosum"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got := gosum.Parse([]byte(`k8s.io/api v0.37.2 h1:zip=
k8s.io/api v0.37.2/go.mod h1:mod=
k8s.io/kms v0.37.2/go.mod h1:mod=

`))
	want := map[module.Version]string{{Path: "k8s.io/api", Version: "v0.37.2"}: "h1:zip="}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
