// +k8s:deepcopy-gen=package
// +groupName=insight.example.com

// Package insight has the internal types of the API group insight.example.com: the one form that the server's own code works
// on, whichever version a client speaks. Objects are converted to and from the versions in the packages below this one whenever
// they enter or leave the server.
package insight
