// Package certificates is the bundle of certificate authorities that images have: Mozilla's, as the Go project
// publishes them.
package certificates
