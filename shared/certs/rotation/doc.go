// Package rotation keeps an aggregated API server in certificates, with nobody's help: a [Controller] makes a certificate
// authority and a serving certificate, keeps both in a Secret that all replicas share, reconciles spec.caBundle of the
// server's APIServices, and renews everything long before it expires.
//
// A new authority is brought in without a moment in which kube-apiserver would trust less than what is served. A [State],
// which is the content of the Secret, goes round three phases:
//
//	steady       caBundle has the authority
//	introducing  caBundle has the authority and the next one; served is still what the old one issued
//	retiring     caBundle has the new authority and the previous one; served is what the new one issued
//
// It moves on when caBundle has been in place in every APIService for [Options.Propagation], which is the time that is given
// to each kube-apiserver to hear of it.
//
// Replicas need no leader. Each derives the same bytes from the Secret; whoever moves it on does so by the resourceVersion
// that he has seen, and the others follow. The Secret itself comes with the manifests, empty, so that no server needs the right
// to create Secrets, which can't be had for one name. Two replicas that find it empty both try to fill it, and one wins.
package rotation
