// Package sources imports everything outside servers/*/apis that API packages import, and that generated code refers to. Its
// transitive closure is the source tree that generators see, and all that they see: the go_path target beside it packs that
// tree, and without Bazel `go list -deps` walks it.
//
// An API package that imports something else makes generators fail with "cannot find package": add the import here.
package sources

import (
	// What versioned types are made of.
	_ "k8s.io/apimachinery/pkg/api/resource"
	_ "k8s.io/apimachinery/pkg/apis/meta/v1"
	_ "k8s.io/apimachinery/pkg/runtime"
	_ "k8s.io/apimachinery/pkg/runtime/schema"
	_ "k8s.io/apimachinery/pkg/types"
	_ "k8s.io/apimachinery/pkg/util/intstr"

	// What conversion-gen and validation-gen call.
	_ "k8s.io/apimachinery/pkg/api/operation"
	_ "k8s.io/apimachinery/pkg/api/safe"
	_ "k8s.io/apimachinery/pkg/api/validate"
	_ "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	_ "k8s.io/apimachinery/pkg/conversion"

	// What openapi-gen describes besides, or calls.
	_ "k8s.io/api/autoscaling/v1"
	_ "k8s.io/apimachinery/pkg/version"
	_ "k8s.io/kube-openapi/pkg/common"

	// What options of logs are described with.
	_ "example.com/annex/shared/registry/logoptions"
)
