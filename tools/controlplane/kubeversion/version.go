// Package kubeversion reads which version of Kubernetes a cluster is of.
package kubeversion

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
	apiversion "k8s.io/apimachinery/pkg/version"
)

// Of is the version without its patch, 1.37, by what kube-apiserver says of itself at /version. It does not go by gitVersion, which
// only a release build sets. Distributions may put a plus behind the minor version.
func Of(info *apiversion.Info) (*version.Version, error) {
	parsed, err := version.ParseGeneric(info.Major + "." + strings.TrimSuffix(info.Minor, "+"))
	if err != nil {
		return nil, fmt.Errorf("reading the version that kube-apiserver says, major %q, minor %q: %w", info.Major, info.Minor, err)
	}
	return parsed, nil
}
