// +k8s:deepcopy-gen=package
// +k8s:conversion-gen=example.com/annex/servers/topology/apis/topology
// +k8s:defaulter-gen=TypeMeta
// +k8s:validation-gen=TypesWithField=TypeMeta
// +k8s:protobuf-gen=package
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=com.example.topology.v1alpha1
// +groupName=topology.example.com

// Package v1alpha1 is version v1alpha1 of the API group topology.example.com, for clients that were written before v1. It
// holds the same, shaped otherwise (conversion.go), and has another default.
//
// As in v1, the comments on the types are what kubectl explain prints, and the tags in them become code.
package v1alpha1
