package apiserver_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/klog/v2"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs"
)

// FuzzCommandLine reads a command line of all flags, an argument a line, up to where the server would start. It is valid, or there is
// an error, and the same command line is judged alike.
func FuzzCommandLine(f *testing.F) {
	for _, seed := range []string{
		"--kubeconfig=testdata/nobody.kubeconfig\n--etcd-servers=http://127.0.0.1:2379",
		"--kubeconfig\ntestdata/nobody.kubeconfig\n--etcd-servers\nhttp://127.0.0.1:1,https://[::1]:2379\n--etcd-servers-overrides=/flunders#http://127.0.0.1:3",
		"--feature-gates=CBORServingAndStorage=false,AllAlpha=true\n--emulated-version=kube=1.36\n--min-compatibility-version=1.35",
		"--certificates=self\n--service-namespace=annex-system\n--ca-validity=1h\n--ca-propagation=30s\n--serving-certificate-validity=-1s",
		"--tls-cert-file=testdata\n--tls-private-key-file=/missing\n--tls-sni-cert-key=a,b:*.example.com\n--tls-cipher-suites=TLS_AES_128_GCM_SHA256\n--tls-min-version=VersionTLS13\n--tls-curve-preferences=23",
		"--enable-admission-plugins=ResourceQuota\n--disable-admission-plugins=NamespaceLifecycle,Unheard\n--admission-control-config-file=testdata/nobody.kubeconfig",
		"--audit-log-path=-\n--audit-policy-file=testdata/nobody.kubeconfig\n--audit-log-maxage=1\n--audit-log-mode=batch\n--audit-log-batch-buffer-size=0",
		"--requestheader-allowed-names=a,b\n--requestheader-username-headers=\n--requestheader-extra-headers-prefix= ,\n--authorization-always-allow-paths=/healthz,/*",
		"--secure-port=0\n--bind-address=::\n--goaway-chance=0.5\n--shutdown-delay-duration=1h\n--request-timeout=1ns\n--cors-allowed-origins=(,//a$",
		"--logging-format=json\n--vmodule=a=1,b\n-v\n9\n--log-json-split-stream\n--log-text-info-buffer-size=1Ki",
		"--egress-selector-config-file=testdata/nobody.kubeconfig\n--tracing-config-file=testdata/nobody.kubeconfig\n--encryption-provider-config=testdata\n--watch-cache-sizes=a#1,b.c#x",
		"--\n-\n--=\n---x\n--a=b=c\nstray\n\x00",
	} {
		f.Add(seed)
	}
	f.Setenv("KUBERNETES_SERVICE_HOST", "")
	quiet(f)
	judge := func(t *testing.T, args []string) error {
		options, err := apiserver.NewOptions(wardleDefinition())
		if err != nil {
			t.Fatal(err)
		}
		return errors.Join(options.Parse(args), options.Complete(), options.Validate())
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\n")
		if slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, "/dev") || strings.Contains(arg, "/proc") }) {
			return // What is read there may be without end.
		}
		first, second := judge(t, args), judge(t, args)
		if (first == nil) != (second == nil) {
			t.Errorf("first %v, then %v", first, second)
		}
		if first != nil && strings.TrimSpace(first.Error()) == "" {
			t.Error("it is refused, and nothing says why")
		}
	})
}

// FuzzKubeconfig connects to the kube-apiserver of a file. It is refused with an error that names the file, or says whom to connect
// to; and who asks about callers is of one mind with the rest.
func FuzzKubeconfig(f *testing.F) {
	nobody, err := os.ReadFile("testdata/nobody.kubeconfig")
	if err != nil {
		f.Fatal(err)
	}
	cluster := func(rest string) string {
		return "apiVersion: v1\nkind: Config\ncontexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n" + rest
	}
	for _, seed := range []string{
		string(nobody),
		"",
		"{}",
		"\x00",
		"apiVersion: v1\nkind: Pod",
		cluster("clusters: [{name: c, cluster: {server: 'https://[::1]:6443', tls-server-name: a, proxy-url: 'socks5://127.0.0.1:1', disable-compression: true}}]\nusers: [{name: u, user: {token: t}}]"),
		cluster("clusters: [{name: c, cluster: {server: 'a b://'}}]\nusers: [{name: u, user: {username: a, password: b, token: c}}]"),
		cluster("clusters: [{name: c, cluster: {server: 'https://a', certificate-authority-data: bm8=}}]\nusers: [{name: u, user: {client-certificate-data: bm8=, client-key-data: bm8=}}]"),
		cluster("clusters: [{name: c, cluster: {server: 'https://a', insecure-skip-tls-verify: true, certificate-authority: missing}}]\nusers: [{name: u, user: {tokenFile: missing}}]"),
		cluster("clusters: [{name: c, cluster: {server: a}}]\nusers: [{name: u, user: {as: b, as-uid: c, as-groups: [d], as-user-extra: {e: [f]}, exec: {command: '', apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}}]"),
		cluster("clusters: [{name: c, cluster: {server: a}}]\nusers: [{name: u, user: {auth-provider: {name: oidc, config: {a: b}}}}]"),
	} {
		f.Add([]byte(seed))
	}
	f.Setenv("KUBERNETES_SERVICE_HOST", "")
	quiet(f)
	options, err := apiserver.NewOptions(wardleDefinition())
	if err != nil {
		f.Fatal(err)
	}
	config := genericapiserver.NewRecommendedConfig(serializer.NewCodecFactory(runtime.NewScheme()))
	file := filepath.Join(f.TempDir(), "kubeconfig")
	options.CoreAPI.CoreAPIKubeconfigPath, options.Authorization.RemoteKubeConfigFile = file, file
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		err := options.CoreAPI.ApplyTo(config)
		authorization := options.Authorization.ApplyTo(&genericapiserver.AuthorizationInfo{})
		if (err == nil) != (authorization == nil) {
			t.Errorf("kube-apiserver is reached with %v, and asked about rights with %v", err, authorization)
		}
		if err == nil && config.ClientConfig.Host == "" {
			t.Error("it is accepted, and names no kube-apiserver")
		}
	})
}

// quiet keeps the libraries from logging each refusal.
func quiet(f *testing.F) {
	f.Helper()
	state := klog.CaptureState()
	f.Cleanup(state.Restore)
	klog.SetLogger(klog.Logger{})
}

// peer is who is at the other end of a connection.
type peer struct {
	name  string
	chain []*x509.Certificate
	// user is who he is, whatever his headers say; empty where he is nobody at all, and frontProxy where it is up to them.
	user string
}

const frontProxy = "\x00"

// FuzzRequestHeaders sends headers on connections with and without certificates, through the authenticators that options make. Only
// the front proxy's certificate makes a user of X-Remote-User; and whoever is believed, no such header is left.
func FuzzRequestHeaders(f *testing.F) {
	for _, seed := range []string{
		"X-Remote-User: admin\r\nX-Remote-Group: system:masters\r\nX-Remote-Uid: 0\r\nX-Remote-Extra-Scopes: a",
		"x-remote-user: admin\r\nX-REMOTE-USER: root\r\nX-Remote-Group: a\r\nx-remote-group: system:masters",
		"X-Remote-User:\r\nX-Remote-User: admin\r\nX-Remote-Extra-: a\r\nX-Remote-Extra-%2f%zz: b",
		"X_Remote_User: admin\r\nX-Remote-User : admin",
		"X-Remote-User: admin\r\nImpersonate-User: root\r\nImpersonate-Group: system:masters",
		"X-Remote-User: \r\n admin\r\nConnection: X-Remote-User",
		"X-Remote-Uid: 0",
	} {
		for kind := range 8 {
			f.Add(kind, seed)
		}
	}
	quiet(f)
	f.Setenv("KUBERNETES_SERVICE_HOST", "")
	peers, handler := authenticating(f)
	f.Fuzz(func(t *testing.T, kind int, headers string) {
		p := peers[uint(kind)%uint(len(peers))]
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET /apis HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n\r\n")))
		if err != nil {
			return // net/http answers that itself.
		}
		r.TLS = &tls.ConnectionState{PeerCertificates: p.chain}
		claimed := r.Header.Get("X-Remote-User")
		var seen user.Info
		handler(func(w http.ResponseWriter, r *http.Request) {
			seen, _ = request.UserFrom(r.Context())
			for name := range r.Header {
				lower := strings.ToLower(name)
				if slices.Contains([]string{"x-remote-user", "x-remote-uid", "x-remote-group"}, lower) || strings.HasPrefix(lower, "x-remote-extra-") {
					t.Errorf("%s: the header %q is passed on", p.name, name)
				}
			}
		}).ServeHTTP(httptest.NewRecorder(), r)
		want := p.user
		if want == frontProxy {
			want = claimed
		}
		switch {
		case seen == nil && (want == "" || p.user == frontProxy && claimed == ""):
		case seen == nil:
			t.Errorf("%s is refused, want user %q", p.name, want)
		case seen.GetName() != want:
			t.Errorf("%s is taken for %q, want %q", p.name, seen.GetName(), want)
		case p.user != frontProxy && slices.Contains(seen.GetGroups(), user.SystemPrivilegedGroup):
			t.Errorf("%s is in the groups %q", p.name, seen.GetGroups())
		case p.user != frontProxy && seen.GetUID() != "":
			t.Errorf("%s has the uid %q", p.name, seen.GetUID())
		}
	})
}

// authenticating makes the authenticators of a server that trusts two authorities, and those who may ask it.
func authenticating(f *testing.F) ([]peer, func(http.HandlerFunc) http.Handler) {
	f.Helper()
	dir := f.TempDir()
	authority := func(name string, options certs.Options) *certs.Authority {
		made, err := certs.NewAuthority(name, options)
		if err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), made.CertificatePEM(), 0o600); err != nil {
			f.Fatal(err)
		}
		return made
	}
	chain := func(pair *certs.Pair, err error) []*x509.Certificate {
		if err != nil {
			f.Fatal(err)
		}
		certificate, err := pair.TLS()
		if err != nil {
			f.Fatal(err)
		}
		return []*x509.Certificate{certificate.Leaf}
	}
	const name = "front-proxy-client"
	proxies, clients, stranger := authority("front-proxy-ca", certs.Options{}), authority("client-ca", certs.Options{}), authority("stranger", certs.Options{})
	key, err := proxies.KeyPEM()
	if err != nil {
		f.Fatal(err)
	}
	// Hours ago, its certificates were valid for an hour.
	past, err := certs.ParseAuthority(proxies.CertificatePEM(), key, certs.Options{
		Validity: time.Hour, Now: func() time.Time { return time.Now().Add(-3 * time.Hour) },
	})
	if err != nil {
		f.Fatal(err)
	}
	peers := []peer{
		{"the front proxy", chain(proxies.IssueClient(name)), frontProxy},
		{"nobody", nil, user.Anonymous},
		{"a user", chain(clients.IssueClient("mallory", "nobodies")), "mallory"},
		{"a user of the front proxy's name", chain(clients.IssueClient(name)), name},
		{"another client of the front proxy's CA", chain(proxies.IssueClient("another")), ""},
		{"a server of the front proxy's CA", chain(proxies.IssueServer([]string{name})), ""},
		{"a front proxy whose certificate has expired", chain(past.IssueClient(name)), ""},
		{"a front proxy of another CA", chain(stranger.IssueClient(name)), ""},
	}

	options, err := apiserver.NewOptions(wardleDefinition())
	if err != nil {
		f.Fatal(err)
	}
	if err := options.Parse([]string{
		"--requestheader-client-ca-file=" + filepath.Join(dir, "front-proxy-ca"), "--requestheader-allowed-names=" + name,
		"--client-ca-file=" + filepath.Join(dir, "client-ca"), "--authentication-skip-lookup",
	}); err != nil {
		f.Fatal(err)
	}
	options.Authentication.RemoteKubeConfigFileOptional = true // Tokens are not the subject.
	var info genericapiserver.AuthenticationInfo
	if err := options.Authentication.ApplyTo(&info, &genericapiserver.SecureServingInfo{}, nil); err != nil {
		f.Fatal(err)
	}
	refused := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	return peers, func(next http.HandlerFunc) http.Handler {
		return filters.WithAuthentication(next, info.Authenticator, refused, nil, info.RequestHeaderConfig)
	}
}
