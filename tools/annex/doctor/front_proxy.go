package doctor

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/certs"
)

// authenticationConfig is where kube-apiserver says how servers can know it: package
// k8s.io/kubernetes/pkg/controlplane/controller/clusterauthenticationtrust writes it, from kube-apiserver's flags.
const authenticationConfig = "extension-apiserver-authentication"

// checkFrontProxy looks at what kube-apiserver says about itself as a front proxy: the authority of its certificate, and the names
// of the headers that say who asks.
func checkFrontProxy(ctx context.Context, s *Subject) Finding {
	found, err := s.kubernetes.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get(ctx, authenticationConfig, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return wrong("there is no ConfigMap kube-system/%s, which kube-apiserver writes", authenticationConfig).
			advise("look into kube-apiserver's log for it; it writes the ConfigMap within a minute")
	case err != nil:
		return unread(err, authorizationv1.ResourceAttributes{Namespace: metav1.NamespaceSystem, Resource: "configmaps", Name: authenticationConfig, Verb: "get"})
	}
	authorities, f := requestHeaderCA(found.Data["requestheader-client-ca-file"])
	if f != nil {
		return *f
	}
	// kube-apiserver's flags have the names of the keys.
	for _, key := range []string{"requestheader-username-headers", "requestheader-group-headers", "requestheader-extra-headers-prefix", "requestheader-allowed-names"} {
		var values []string
		if err := json.Unmarshal([]byte(found.Data[key]), &values); err != nil {
			return wrong("%s in ConfigMap kube-system/%s is no list: %v", key, authenticationConfig, err).advise("set kube-apiserver's flag --%s", key)
		}
		if len(values) == 0 && key == "requestheader-username-headers" {
			return wrong("%s is empty: nobody is believed to be anybody", key).advise("set kube-apiserver's flag --%s=X-Remote-User", key)
		}
	}
	flags := s.apiServerFlags(ctx)
	if flags != nil && flags["proxy-client-cert-file"] == "" {
		return wrong("kube-apiserver has no --proxy-client-cert-file: its requests arrive as %s's", anonymous).
			advise("set kube-apiserver's --proxy-client-cert-file and --proxy-client-key-file to a certificate of the authority in --requestheader-client-ca-file")
	}
	names := found.Data["requestheader-allowed-names"]
	if names == "[]" {
		names = "any name: every certificate of this authority is believed"
	}
	certificate := "kube-apiserver has a certificate for it (/flagz)"
	if flags == nil {
		certificate = "whether kube-apiserver has a certificate for it can't be read from /flagz"
	}
	return right("%s, allowed: %s; %s", describeAuthorities(authorities), names, certificate)
}

// anonymous is whom requests without credentials are from (k8s.io/apiserver/pkg/authentication/user.Anonymous).
const anonymous = "system:anonymous"

// requestHeaderCA are the authorities of kube-apiserver's certificate as a front proxy, or what is wrong with them.
func requestHeaderCA(data string) ([]*x509.Certificate, *Finding) {
	broken := func(f Finding) ([]*x509.Certificate, *Finding) {
		f = f.advise("set kube-apiserver's --requestheader-client-ca-file to the authority of its --proxy-client-cert-file; it writes the ConfigMap")
		return nil, &f
	}
	if data == "" {
		return broken(wrong("ConfigMap kube-system/%s has no requestheader-client-ca-file: no server can believe kube-apiserver who asks", authenticationConfig))
	}
	authorities, err := certs.ParseCertificates([]byte(data))
	if err != nil {
		return broken(wrong("requestheader-client-ca-file in ConfigMap kube-system/%s: %v", authenticationConfig, err))
	}
	for _, authority := range authorities {
		if time.Now().Before(authority.NotAfter) {
			return authorities, nil
		}
	}
	return broken(wrong("requestheader-client-ca-file in ConfigMap kube-system/%s has expired: %s", authenticationConfig, describeAuthorities(authorities)))
}

// describeAuthorities names authorities and how long they are good.
func describeAuthorities(authorities []*x509.Certificate) string {
	var all []string
	for _, authority := range authorities {
		all = append(all, fmt.Sprintf("CA %q until %s", authority.Subject.CommonName, authority.NotAfter.Format(time.DateOnly)))
	}
	return strings.Join(all, ", ")
}

// flagzAccept asks for /flagz in a form that can be read: what it answers as text is for people only
// (k8s.io/apiserver/pkg/server/flagz).
const flagzAccept = "application/json;as=Flagz;v=v1beta1;g=config.k8s.io"

// apiServerFlags are kube-apiserver's flags, from /flagz (KEP-4828), or nil where it does not say them to us. Where there are several
// kube-apiservers, they are those of the one that answered.
func (s *Subject) apiServerFlags(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	text, err := s.kubernetes.Discovery().RESTClient().Get().AbsPath("/flagz").SetHeader("Accept", flagzAccept).DoRaw(ctx)
	if err != nil {
		return nil
	}
	var answer struct {
		Flags map[string]string `json:"flags"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil // Another version of the form.
	}
	return answer.Flags
}
