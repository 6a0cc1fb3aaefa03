// Package comparison measures what package sql is compared with, all in one run: upstream's store on etcd, and on kine
// (github.com/k3s-io/kine), which speaks etcd's protocol on SQL. The README says how, and why this is a module of its own.
package comparison
