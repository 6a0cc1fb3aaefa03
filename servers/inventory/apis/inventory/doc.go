// +k8s:deepcopy-gen=package
// +groupName=inventory.example.com

// Package inventory has the internal types of the API group inventory.example.com: the one form that the server's own code
// works on, whichever version a client speaks. Objects are converted to and from the versions in the packages below this one
// whenever they enter or leave the server or its storage.
package inventory
