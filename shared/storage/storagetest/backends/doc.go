// Package backends has the stores that are tested and measured, as storagetest.Backend: package sql on each of its databases,
// and upstream's store on etcd, or on whatever speaks etcd's protocol. All of them have a write on disk when it returns, as
// far as storagetest.Config.Large asks for it.
package backends
