package doctor

import "context"

// builtinPriority is where the group priorities of built-in groups begin, with room below the lowest, 15800
// (k8s.io/kubernetes/pkg/controlplane/apiserver/aggregator.go).
const builtinPriority = 15000

// checkSpecification looks at what is wrong with an APIService whatever its server does.
func checkSpecification(_ context.Context, s *Subject) Finding {
	spec := s.apiService.Spec
	switch {
	case spec.InsecureSkipTLSVerify:
		return wrong("insecureSkipTLSVerify is set: kube-apiserver passes requests, and who makes them, to anybody who answers").
			mend("%s", s.setBundle(`\"insecureSkipTLSVerify\":null,`))
	case spec.GroupPriorityMinimum >= builtinPriority:
		return wrong("groupPriorityMinimum is %d, as that of built-in groups: where names of resources are the same, kubectl takes those of %s", spec.GroupPriorityMinimum, spec.Group).
			mend(`kubectl patch apiservice %s --type=merge -p '{"spec":{"groupPriorityMinimum":2000}}'`, s.Name)
	}
	return right("verifies the server; group priority %d, version priority %d", spec.GroupPriorityMinimum, spec.VersionPriority)
}
