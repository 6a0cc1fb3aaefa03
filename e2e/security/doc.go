// Package security holds features about who is believed: those that try to get
// past kube-apiserver, and must not.
package security
