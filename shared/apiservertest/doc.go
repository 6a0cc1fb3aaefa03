// Package apiservertest runs an API server in the test's own process, against a real kube-apiserver and etcd.
//
//	server := apiservertest.Start(t, definition.New(), apiservertest.Cluster{Kubeconfig: path, StorageFlags: flags})
//	client, err := clientset.NewForConfig(server.Config)
//
// The server is the one that the program runs: same options, same handlers, same storage. Only its listener is the
// test's, and it keeps its objects under a prefix of its own, so that servers in parallel tests do not see each
// other's.
package apiservertest
