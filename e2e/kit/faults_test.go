package kit_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/fault"
	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
)

// tried are the areas that are run against each fault: it has to be found in one of them, and nothing in the others.
const tried = "Discovery|OpenAPI|Objects|Validation|DryRun|Lists|Watches|Tables|Access"

// aboutConfigMaps says whether a request is for ConfigMaps.
func aboutConfigMaps(r *http.Request) bool { return strings.Contains(r.URL.Path, "/configmaps") }

// TestFaults proves that the kit finds what is wrong, and says where.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		api    *fault.API
		claims string
		// area is where the fault is to be found, and says is a part of what is told of it.
		area, says string
	}{
		"a watch without bookmarks": {
			api: &fault.API{Line: func(r *http.Request, line []byte) bool {
				return aboutConfigMaps(r) && bytes.Contains(line, []byte(`"type":"BOOKMARK"`))
			}},
			area: "Watches", says: "watch=true",
		},
		"tables that are not acceptable": {
			api: &fault.API{Request: func(r *http.Request) *http.Response {
				if aboutConfigMaps(r) && strings.Contains(r.Header.Get("Accept"), "as=Table") {
					return fault.Refuse(r, http.StatusNotAcceptable)
				}
				return nil
			}},
			area: "Tables", says: "NotAcceptable",
		},
		"dry runs of a deletion that are none": {
			api: &fault.API{Request: func(r *http.Request) *http.Response {
				if aboutConfigMaps(r) && r.Method == http.MethodDelete {
					query := r.URL.Query()
					query.Del("dryRun")
					r.URL.RawQuery = query.Encode()
				}
				return nil
			}},
			area: "DryRun", says: "404 NotFound",
		},
		"updates that overwrite each other": {
			api: &fault.API{Request: func(r *http.Request) *http.Response {
				if aboutConfigMaps(r) && r.Method == http.MethodPut {
					withoutVersion(r)
				}
				return nil
			}},
			area: "Objects", says: "PUT /api/v1/namespaces/",
		},
		"users who may do what the administrator may": {
			api: &fault.API{Request: func(r *http.Request) *http.Response {
				if aboutConfigMaps(r) {
					r.Header.Del("Impersonate-User")
					r.Header.Del("Impersonate-Group")
				}
				return nil
			}},
			area: "Access", says: "the request was accepted",
		},
		"lists that do not select": {
			api: &fault.API{Request: func(r *http.Request) *http.Response {
				query := r.URL.Query()
				if selector := query.Get("labelSelector"); aboutConfigMaps(r) && r.Method == http.MethodGet && query.Get("watch") == "" && strings.Contains(selector, ",") {
					first, _, _ := strings.Cut(selector, ",")
					query.Set("labelSelector", first)
					r.URL.RawQuery = query.Encode()
				}
				return nil
			}},
			area: "Lists", says: "labelSelector",
		},
		"a short name that is claimed in vain": {
			claims: `{name: configmaps.v1, shortNames: [cm, cfg]}`,
			area:   "Discovery", says: "cfg",
		},
		"a valid value that is claimed to be invalid": {
			claims: `{name: configmaps.v1, invalid: [{path: [data, color], value: blue}]}`,
			area:   "Validation", says: "the request was accepted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s step.Session
			testenv.Test(t, features.New("the kit").Setup(s.Open).Assess("finds "+name, step.Do(func(ctx context.Context, t *testing.T) {
				args := []string{"--resource=configmaps.v1", "--sample=testdata/configmap.yaml", "-o=json", "--feature=/(" + tried + ")$"}
				if tc.api != nil {
					args = append(args, "--kubeconfig="+through(ctx, t, &s, tc.api), "--context=")
				}
				if tc.claims != "" {
					file := filepath.Join(t.TempDir(), "claims.yaml")
					document := "apiVersion: conformance.annex.example.com/v1\nkind: Claims\nresources:\n- " + tc.claims + "\n"
					if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
						t.Fatal(err)
					}
					args = append(args, "--claims="+file)
				}
				r := start(ctx, t, &s, args...)
				d := r.document(t)
				said := text(t, d)
				if r.status != 1 || d.Result != report.Failed {
					t.Errorf("exit status %d: %s", r.status, said)
				}
				if got := areas(d, report.StateFailed); !slices.Equal(got, []string{tc.area}) {
					t.Errorf("it was found in %v, want it in %s alone: %s", got, tc.area, said)
				}
				if !strings.Contains(said, tc.says) {
					t.Errorf("%q is not told: %s", tc.says, said)
				}
			})))
		})
	}
}

// version is the resourceVersion in an object that a client sends.
var version = regexp.MustCompile(`"resourceVersion":"[^"]*",`)

// withoutVersion takes the resourceVersion out of what a request brings, and leaves all else as it is, duplicate fields too.
func withoutVersion(r *http.Request) {
	if data, err := io.ReadAll(r.Body); err == nil {
		fault.SetBody(r, version.ReplaceAll(data, nil))
	}
}

// through starts the API with a fault before the real one, and returns the kubeconfig of an administrator there.
func through(ctx context.Context, t *testing.T, s *step.Session, api *fault.API) string {
	t.Helper()
	if err := api.Start(s.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return kubeconfig(t, clientcmdapi.Cluster{Server: api.URL(), CertificateAuthorityData: api.CA()}, account(ctx, t, s, "cluster-admin"))
}

// account makes a ServiceAccount that has a ClusterRole, or none, and returns its token.
func account(ctx context.Context, t *testing.T, s *step.Session, role string) string {
	t.Helper()
	accounts := s.Kubernetes.CoreV1().ServiceAccounts(s.Namespace)
	made, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{GenerateName: "kit-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if role != "" {
		bindings := s.Kubernetes.RbacV1().ClusterRoleBindings()
		binding, err := bindings.Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: s.Namespace, Name: made.Name}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := step.CleanupContext(ctx)
			defer cancel()
			if err := bindings.Delete(ctx, binding.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	token, err := accounts.CreateToken(ctx, made.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}

// kubeconfig writes a file for a cluster and a token.
func kubeconfig(t *testing.T, cluster clientcmdapi.Cluster, token string) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &cluster
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "c"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}
