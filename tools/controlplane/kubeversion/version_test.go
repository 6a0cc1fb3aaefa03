package kubeversion_test

import (
	"testing"

	apiversion "k8s.io/apimachinery/pkg/version"

	"example.com/annex/tools/controlplane/kubeversion"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		info apiversion.Info
		want string
	}{
		{apiversion.Info{Major: "1", Minor: "37", GitVersion: "v1.37.2"}, "1.37"},
		{apiversion.Info{Major: "1", Minor: "36", GitVersion: "v0.0.0-master+$Format:%H$"}, "1.36"},
		{apiversion.Info{Major: "1", Minor: "35+", GitVersion: "v1.35.4-gke.1"}, "1.35"},
	} {
		if got, err := kubeversion.Of(&tc.info); err != nil || got.String() != tc.want {
			t.Errorf("%+v: got %v, %v, want %s", tc.info, got, err, tc.want)
		}
	}
	if got, err := kubeversion.Of(&apiversion.Info{}); err == nil {
		t.Errorf("a server that says nothing is of version %v", got)
	}
}
