package doctor

import (
	"context"
	"slices"
)

// link is one thing that must be right. Its check may rely on what it needs, and keeps what later links want to know in the Subject.
type link struct {
	name  string
	needs []string
	check func(context.Context, *Subject) Finding
}

// The names of the links.
const (
	LinkAPIService    = "APIService"
	LinkSpecification = "specification"
	LinkService       = "Service"
	LinkFrontProxy    = "front proxy"
	LinkAuthReader    = "auth-reader"
	LinkAuthDelegator = "auth-delegator"
	LinkRights        = "rights"
	LinkEndpoints     = "endpoints"
	LinkReach         = "reachable"
	LinkCertificate   = "certificate"
	LinkBundle        = "caBundle"
	LinkReady         = "ready"
	LinkIdentity      = "identity"
	LinkVersion       = "version"
	LinkAvailable     = "Available"
	LinkDiscovery     = "discovery"
	LinkOpenAPIV2     = "OpenAPI v2"
	LinkOpenAPIV3     = "OpenAPI v3"
	LinkLists         = "lists"
)

// chain is in the order of cause and effect: a server without rights is not ready, its pods then are no endpoints, and so on. The
// condition Available, by which people notice, is the effect of nearly everything before it.
var chain = []link{
	{LinkAPIService, nil, checkAPIService},
	{LinkSpecification, []string{LinkAPIService}, checkSpecification},
	{LinkService, []string{LinkAPIService}, checkService},
	{LinkFrontProxy, nil, checkFrontProxy},
	{LinkAuthReader, []string{LinkService}, checkAuthReader},
	{LinkAuthDelegator, []string{LinkService}, checkAuthDelegator},
	{LinkRights, []string{LinkService}, checkRights},
	{LinkEndpoints, []string{LinkService}, checkEndpoints},
	{LinkReach, []string{LinkEndpoints}, checkReach},
	{LinkCertificate, []string{LinkReach}, checkCertificate},
	{LinkBundle, []string{LinkAPIService}, checkBundle},
	{LinkReady, []string{LinkReach, LinkCertificate, LinkBundle}, checkReady},
	{LinkIdentity, []string{LinkFrontProxy, LinkReach, LinkCertificate, LinkBundle}, checkIdentity},
	{LinkVersion, []string{LinkIdentity}, checkVersion},
	{LinkAvailable, []string{LinkAPIService}, checkAvailable},
	{LinkDiscovery, []string{LinkVersion, LinkAvailable}, checkDiscovery},
	{LinkOpenAPIV2, []string{LinkVersion, LinkAvailable}, checkOpenAPIV2},
	{LinkOpenAPIV3, []string{LinkVersion, LinkAvailable}, checkOpenAPIV3},
	{LinkLists, []string{LinkDiscovery}, checkLists},
}

// Links are the names of all links, in their order.
func Links() []string {
	var names []string
	for _, l := range chain {
		names = append(names, l.name)
	}
	return names
}

// walk checks one link after the other. One that needs what is wrong, or not known, is not checked, nor is what needs that.
func walk(ctx context.Context, s *Subject) []Finding {
	reasons := map[string]string{} // Why what needs a link is not checked.
	for _, l := range chain {
		var finding Finding
		if at := slices.IndexFunc(l.needs, func(need string) bool { return reasons[need] != "" }); at >= 0 {
			reasons[l.name] = reasons[l.needs[at]]
			finding = notChecked("because %s", reasons[l.name])
		} else {
			finding = l.check(ctx, s)
			switch {
			case finding.Status == Wrong:
				reasons[l.name] = l.name + " is wrong"
			case finding.blocks != "":
				reasons[l.name] = finding.blocks
			}
		}
		finding.Link = l.name
		s.findings = append(s.findings, finding)
		if s.local {
			break
		}
	}
	return s.findings
}
