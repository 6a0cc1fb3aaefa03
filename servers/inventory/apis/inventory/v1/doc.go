// +k8s:deepcopy-gen=package
// +k8s:conversion-gen=example.com/annex/servers/inventory/apis/inventory
// +k8s:defaulter-gen=TypeMeta
// +k8s:validation-gen=TypesWithField=TypeMeta
// +k8s:protobuf-gen=package
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=com.example.inventory.v1
// +groupName=inventory.example.com

// Package v1 is version v1 of the API group inventory.example.com: machines of a table that another program owns. It is the
// preferred version, and the one that is stored; the internal types are shaped like it.
//
// The comments on the types are what kubectl explain prints, and the tags in them are the API's defaults and rules:
// `./tools/bazel run //tools/codegen` makes code of them after every change. Rules that tags can't say are in
// package validation.
package v1
