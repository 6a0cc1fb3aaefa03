// Package load makes so many requests a second, and counts what becomes of them.
package load
