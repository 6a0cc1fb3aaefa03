// Package apis finds the API packages of the servers in a checkout, and the tags in them that ask for generated code.
//
// A server's API packages are the Go packages below servers/<name>/apis. A tag is a comment line such as
//
//	// +k8s:deepcopy-gen=package
//
// in any file of the package, as upstream's kube_codegen.sh has it.
package apis
