// Package cbor runs a server, and kube-apiserver, with the feature gate CBORServingAndStorage
// (https://kep.k8s.io/4222), and clients with ClientsAllowCBOR and ClientsPreferCBOR: the dynamic client then reads, and
// writes, CBOR. Suites without the gate check that CBOR is refused.
package cbor
