// +k8s:deepcopy-gen=package
// +k8s:conversion-gen=example.com/annex/servers/inventory/apis/inventory
// +k8s:defaulter-gen=TypeMeta
// +k8s:validation-gen=TypesWithField=TypeMeta
// +k8s:protobuf-gen=package
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=com.example.inventory.v1beta1
// +groupName=inventory.example.com

// Package v1beta1 is version v1beta1 of the API group inventory.example.com, for clients that were written before v1. It
// holds the same, shaped otherwise (conversion.go), and has another default.
//
// As in v1, the comments on the types are what kubectl explain prints, and the tags in them become code.
package v1beta1
