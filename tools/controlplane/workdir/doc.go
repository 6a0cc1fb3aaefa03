// Package workdir makes private directories that live no longer than the
// process that made them, even if it is killed.
//
// A [Directory] is locked (flock) by its owner. The kernel drops the lock when
// the owner dies, so whoever makes the next directory in the same place can
// tell the abandoned ones from those in use, and removes them.
package workdir
