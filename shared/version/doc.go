// Package version says which version of Annex a program was built from. Builds with --config=release are stamped with
// a tag or a commit; all others say "development", so that they are the same from every commit whose sources are the
// same.
package version
