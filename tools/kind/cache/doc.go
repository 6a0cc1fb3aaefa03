// Package cache keeps directories that take long to make, such as unpacked Debian packages, in the user's cache
// directory: each made once, whole or not at all, by whichever process comes first.
package cache
