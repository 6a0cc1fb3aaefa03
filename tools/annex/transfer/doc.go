// Package transfer copies what servers store from one place to another: etcd, SQLite, PostgreSQL; with a file in the middle,
// which is a SQLite database, it is a backup.
//
// Keys and bytes are copied as they are, encrypted ones included: whatever reads them needs the same prefix and the same
// --encryption-provider-config. So everything in an object is kept; what is not a part of it, its resourceVersion, is kept
// where the target is a database, except in a restore.
package transfer
