package certs

// ServiceNames are the DNS names of a Service's serving certificate. The first,
// <service>.<namespace>.svc, is the one that kube-apiserver verifies
// (k8s.io/kube-aggregator/pkg/apiserver/handler_proxy.go); the second, with
// clusterDomain, is for those who call from inside the cluster, and is left out
// when clusterDomain is empty.
func ServiceNames(service, namespace, clusterDomain string) []string {
	name := service + "." + namespace + ".svc"
	if clusterDomain == "" {
		return []string{name}
	}
	return []string{name, name + "." + clusterDomain}
}
