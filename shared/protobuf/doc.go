// Package protobuf tells whether API types can be encoded in protobuf: a version's package asks for it with
//
//	// +k8s:protobuf-gen=package
//
// in its doc.go, and //tools/codegen generates the methods. What depends on it follows by itself: what a server offers to
// clients and how it stores objects (package apiserver), and what round trips are tried (package apitest).
package protobuf
