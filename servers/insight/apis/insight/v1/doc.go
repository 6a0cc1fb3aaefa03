// +k8s:deepcopy-gen=package
// +k8s:conversion-gen=example.com/annex/servers/insight/apis/insight
// +k8s:defaulter-gen=TypeMeta
// +k8s:validation-gen=TypesWithField=TypeMeta
// +k8s:protobuf-gen=package
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=com.example.insight.v1
// +groupName=insight.example.com

// Package v1 is version v1 of the API group insight.example.com: how the slots of Sites are used. The internal types are shaped
// like it.
//
// The comments on the types are what kubectl explain prints, and the tags in them are the API's defaults and rules:
// `./tools/bazel run //tools/codegen` makes code of them after every change.
package v1
