package apiserver

import (
	"errors"
	"net/http"
	"sync"
	"time"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/apiserver/pkg/server/healthz"
)

// frontProxySettles is how long the front proxy's authority must have been known: TLS connections ask for its certificates a moment
// after (k8s.io/apiserver/pkg/server/dynamiccertificates.DynamicServingCertificateController).
const frontProxySettles = time.Second

// frontProxyCheck keeps a server that starts from being ready before it knows by which authority it can tell kube-apiserver. Upstream
// serves without it until its informer is in step (k8s.io/apiserver/pkg/server.SecureServingInfo.Serve: "we fail closed"), and takes
// whoever asks meanwhile, through kube-apiserver, for nobody.
func (o *Options) frontProxyCheck(c *genericapiserver.RecommendedConfig) {
	header := c.Authentication.RequestHeaderConfig
	if header == nil || header.CAContentProvider == nil || o.Authentication.TolerateInClusterLookupFailure {
		return
	}
	c.ReadyzChecks = append(c.ReadyzChecks, knownAuthority(header.CAContentProvider))
}

func knownAuthority(authority dynamiccertificates.CAContentProvider) healthz.HealthChecker {
	var lock sync.Mutex
	var since time.Time
	return healthz.NamedCheck("front-proxy", func(*http.Request) error {
		lock.Lock()
		defer lock.Unlock()
		if len(authority.CurrentCABundleContent()) == 0 {
			return errors.New("the front proxy's authority has not been read from ConfigMap extension-apiserver-authentication in kube-system")
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) < frontProxySettles {
			return errors.New("the front proxy's authority has just been read")
		}
		return nil
	})
}
