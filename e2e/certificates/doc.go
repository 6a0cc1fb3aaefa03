// Package certificates tests the certificates that servers make for themselves (shared/certs/rotation) in a real control plane:
// one authority for all replicas, spec.caBundle kept as it should be, and rotation that nobody notices.
package certificates
