package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	mutatingpolicy "k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/features"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"example.com/annex/shared/auth"
)

// RoleName is the name of the ClusterRole, and of the Role in its own namespace, that give a server its rights.
func (d Definition) RoleName() string { return "annex:" + d.Name }

// Access are all rights that a server can need whose flags switch nothing off, and the roles that grant them. namespace is the
// server's own; where it is empty, what the server needs there is left out.
func (d Definition) Access(namespace string) []auth.Access {
	all := []auth.Access{d.clusterAccess(everything()), tokenReviews, subjectAccessReviews, authenticationConfiguration}
	if namespace != "" {
		all = append(all, d.namespacedAccess(namespace, d.Name))
	}
	return all
}

func (d Definition) clusterAccess(u uses) auth.Access {
	return auth.Access{Role: "ClusterRole " + d.RoleName(), Rules: d.rules(u)}
}

func (d Definition) namespacedAccess(namespace, service string) auth.Access {
	return auth.Access{Namespace: namespace, Role: "Role " + d.RoleName() + " in " + namespace, Rules: NamespacedRules(service)}
}

// What authentication and authorization ask kube-apiserver for.
const delegator = "ClusterRole system:auth-delegator, by a ClusterRoleBinding"

var (
	tokenReviews = auth.Access{Role: delegator, Rules: []rbacv1.PolicyRule{
		rule("authentication.k8s.io", []string{"create"}, "tokenreviews"),
	}}
	subjectAccessReviews = auth.Access{Role: delegator, Rules: []rbacv1.PolicyRule{
		rule("authorization.k8s.io", []string{"create"}, "subjectaccessreviews"),
	}}
	authenticationConfiguration = auth.Access{
		Namespace: metav1.NamespaceSystem,
		Role:      "Role extension-apiserver-authentication-reader in kube-system, by a RoleBinding there",
		Rules:     []rbacv1.PolicyRule{named(rule("", []string{"get", "list", "watch"}, "configmaps"), "extension-apiserver-authentication")},
	}
)

// need is a right that one of the server's identities must have.
type need struct {
	auth.Access
	// flag names the kubeconfig of the identity, and file is it. An empty file means the pod's ServiceAccount.
	flag, file string
}

// access are the rights that this server needs, as its flags are, and whose they must be. It wants Complete to be called before.
func (o *Options) access() []need {
	all := []need{{Access: o.Definition.clusterAccess(o.uses()), flag: "kubeconfig", file: o.CoreAPI.CoreAPIKubeconfigPath}}
	own := all[0]
	authentication := func(a auth.Access) need {
		return need{a, "authentication-kubeconfig", o.Authentication.RemoteKubeConfigFile}
	}
	all = append(all, authentication(tokenReviews), need{subjectAccessReviews, "authorization-kubeconfig", o.Authorization.RemoteKubeConfigFile})
	if o.looksUpAuthentication() {
		all = append(all, authentication(authenticationConfiguration))
	}
	if o.certificatesMode() == CertificatesSelf {
		own.Access = o.Definition.namespacedAccess(o.Certificates.Namespace, o.Certificates.Service)
		all = append(all, own)
	}
	return all
}

// looksUpAuthentication says whether the server can't do without the cluster's authentication configuration
// (k8s.io/apiserver/pkg/server/options.DelegatingAuthenticationOptions.ApplyTo).
func (o *Options) looksUpAuthentication() bool {
	a := o.Authentication
	given := a.ClientCert != (genericoptions.ClientCertAuthenticationOptions{}) && a.RequestHeader.ClientCAFile != ""
	return !given && !a.SkipInClusterLookup && !a.TolerateInClusterLookupFailure
}

func (o *Options) uses() uses {
	return uses{caBundle: o.certificatesMode() == CertificatesSelf, plugin: o.runsPlugin, fairness: o.Features.EnablePriorityAndFairness}
}

// runsPlugin says whether an admission plugin is switched on: by the same rules as upstream, which keeps them to itself
// (k8s.io/apiserver/pkg/server/options.AdmissionOptions, enabledPluginNames).
func (o *Options) runsPlugin(name string) bool {
	if name == mutatingpolicy.PluginName && !o.FeatureGate.Enabled(features.MutatingAdmissionPolicy) {
		return false // It is made, and does nothing.
	}
	off := o.Admission.DefaultOffPlugins.Has(name) || slices.Contains(o.Admission.DisablePlugins, name)
	return !off || slices.Contains(o.Admission.EnablePlugins, name)
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

// question is what an identity is asked: whether it may do all of this.
type question struct {
	access auth.Access
	client authorizationclient.SelfSubjectAccessReviewInterface
}

// questions are about all rights that the server needs, each with a client of the identity that needs it.
func (o *Options) questions(own *rest.Config) ([]question, error) {
	clients := map[string]authorizationclient.SelfSubjectAccessReviewInterface{}
	var all []question
	for _, need := range o.access() {
		client := clients[need.file]
		if client == nil {
			config := rest.CopyConfig(own)
			if need.file != o.CoreAPI.CoreAPIKubeconfigPath {
				var err error
				if config, err = clientcmd.BuildConfigFromFlags("", need.file); err != nil {
					return nil, fmt.Errorf("--%s=%s: %w", need.flag, need.file, err)
				}
			}
			// Thirty small questions, once: the usual limit would stretch them over seconds.
			config.QPS = -1
			made, err := authorizationclient.NewForConfig(config)
			if err != nil {
				return nil, fmt.Errorf("--%s=%s: %w", need.flag, need.file, err)
			}
			client = made.SelfSubjectAccessReviews()
			clients[need.file] = client
		}
		if need.file != o.CoreAPI.CoreAPIKubeconfigPath {
			need.Role += ", for the identity in --" + need.flag
		}
		all = append(all, question{need.Access, client})
	}
	return all, nil
}

// applyAccessCheck has the server look at its own rights until it has them all. A kube-apiserver that can't be asked holds up
// nothing.
func (o *Options) applyAccessCheck(c *genericapiserver.RecommendedConfig, b *background) error {
	questions, err := o.questions(c.ClientConfig)
	if err != nil {
		return err
	}
	check := &accessCheck{lacks: errNotAsked}
	c.AddReadyzChecks(check)
	return c.AddPostStartHook("check-access", b.hook(func(ctx context.Context) {
		// It ends with the context or with all rights there.
		_ = wait.PollUntilContextCancel(ctx, accessInterval, true, func(ctx context.Context) (bool, error) {
			return check.look(ctx, questions), nil
		})
	}))
}

// look asks for all rights, remembers and logs what is lacking, and tells whether all are there.
func (c *accessCheck) look(ctx context.Context, questions []question) bool {
	logger := klog.FromContext(ctx)
	var lacks []error
	for _, q := range questions {
		lacking, err := q.access.Lacking(ctx, q.client)
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
