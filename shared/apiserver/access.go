package apiserver

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"example.com/annex/shared/auth"
)

// RoleName is the name of the ClusterRole, and of the Role in its own namespace, that give a server its rights.
func (d Definition) RoleName() string { return "annex:" + d.Name }

// Access are all rights that the server needs, and the roles that grant them. namespace is the server's own; where it is empty,
// what the server needs there is left out.
func (d Definition) Access(namespace string) []auth.Access {
	all := []auth.Access{
		{Role: "ClusterRole " + d.RoleName(), Rules: d.Rules()},
		{Role: "ClusterRole system:auth-delegator, by a ClusterRoleBinding", Rules: []rbacv1.PolicyRule{
			rule("authentication.k8s.io", []string{"create"}, "tokenreviews"),
			rule("authorization.k8s.io", []string{"create"}, "subjectaccessreviews"),
		}},
		{
			Namespace: metav1.NamespaceSystem,
			Role:      "Role extension-apiserver-authentication-reader in kube-system, by a RoleBinding there",
			Rules:     []rbacv1.PolicyRule{named(rule("", []string{"get", "list", "watch"}, "configmaps"), "extension-apiserver-authentication")},
		},
	}
	if namespace != "" {
		all = append(all, auth.Access{Namespace: namespace, Role: "Role " + d.RoleName() + " in " + namespace, Rules: d.NamespacedRules()})
	}
	return all
}

// accessInterval is the time between two looks at rights that were not all there.
const accessInterval = 10 * time.Second

var errNotAsked = errors.New("kube-apiserver was not asked yet")

// accessCheck keeps a server that lacks rights from being ready, and says which. Informers without rights never sync, and say so
// once, in the middle of the log.
type accessCheck struct {
	mu    sync.Mutex
	lacks error
}

var _ healthz.HealthChecker = &accessCheck{}

// Name is the check's in /readyz?verbose.
func (c *accessCheck) Name() string { return "access" }

// Check returns what is known to be lacking.
func (c *accessCheck) Check(*http.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lacks
}

// applyAccessCheck has the server look at its own rights until it has them all. A kube-apiserver that can't be asked holds up
// nothing.
func (o *Options) applyAccessCheck(c *genericapiserver.RecommendedConfig) error {
	// Thirty small questions, once: the usual limit would stretch them over seconds.
	unlimited := rest.CopyConfig(c.ClientConfig)
	unlimited.QPS = -1
	client, err := authorizationclient.NewForConfig(unlimited)
	if err != nil {
		return err
	}
	check := &accessCheck{lacks: errNotAsked}
	namespace := "" // Without certificates of its own, the server has no business there.
	if o.certificatesMode() == CertificatesSelf {
		namespace = o.Certificates.Namespace
	}
	c.AddReadyzChecks(check)
	return c.AddPostStartHook("check-access", func(hook genericapiserver.PostStartHookContext) error {
		go func() {
			// It ends with the context or with all rights there.
			_ = wait.PollUntilContextCancel(hook, accessInterval, true, func(ctx context.Context) (bool, error) {
				return check.look(ctx, client.SelfSubjectAccessReviews(), o.Definition.Access(namespace)), nil
			})
		}()
		return nil
	})
}

// look asks for all rights, remembers and logs what is lacking, and tells whether all are there.
func (c *accessCheck) look(ctx context.Context, client authorizationclient.SelfSubjectAccessReviewInterface, needed []auth.Access) bool {
	logger := klog.FromContext(ctx)
	var lacks []error
	for _, access := range needed {
		lacking, err := access.Lacking(ctx, client)
		if err != nil {
			logger.Error(err, "Checking the server's own rights; this is tried again")
			c.release()
			return false
		}
		for _, lack := range lacking {
			logger.Error(nil, "The server lacks a right: it "+lack.String(), "reason", lack.Reason)
			lacks = append(lacks, errors.New(lack.String()))
		}
	}
	c.set(errors.Join(lacks...))
	return len(lacks) == 0
}

// release lets a server be ready of which nothing is known. What is known to be lacking stays so.
func (c *accessCheck) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.lacks, errNotAsked) {
		c.lacks = nil
	}
}

func (c *accessCheck) set(lacks error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lacks = lacks
}
