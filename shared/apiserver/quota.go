package apiserver

import (
	"io"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota/apis/resourcequota/validation"
	"k8s.io/apiserver/pkg/quota/v1/generic"
	genericapiserver "k8s.io/apiserver/pkg/server"
)

// resourceQuota holds namespaces to what their ResourceQuotas say of the server's objects: count/<resource>.<group>. kube-apiserver
// can't do it, since it passes requests on before admission; kube-controller-manager counts, and stops nobody. Upstream's
// recommended plugins lack it.
var resourceQuota = AdmissionPlugin{
	Name: "ResourceQuota", // As kube-apiserver's is called (k8s.io/apiserver/pkg/admission/plugin/resourcequota).
	New: func(config io.Reader) (admission.Interface, error) {
		configuration, err := resourcequota.LoadConfiguration(config)
		if err != nil {
			return nil, err
		}
		if errs := validation.ValidateConfiguration(configuration); len(errs) > 0 {
			return nil, errs.ToAggregate()
		}
		return resourcequota.NewResourceQuota(configuration, quotaEvaluators)
	},
	Initializer: func(*genericapiserver.RecommendedConfig) (admission.PluginInitializer, error) {
		return quotaInitializer{}, nil
	},
	Rules: []rbacv1.PolicyRule{
		rule("", read, "resourcequotas"),
		rule("", []string{"update"}, "resourcequotas/status"),
	},
}

// quotaEvaluators is how many requests may be compared with quotas at once, as in kube-apiserver
// (k8s.io/apiserver/pkg/admission/plugin/resourcequota, Register).
const quotaEvaluators = 5

// quotaInitializer says what can be counted. No resource needs an evaluator of its own: the plugin makes one for each that
// counts objects.
type quotaInitializer struct{}

func (quotaInitializer) Initialize(plugin admission.Interface) {
	if wants, ok := plugin.(initializer.WantsQuotaConfiguration); ok {
		wants.SetQuotaConfiguration(generic.NewConfiguration(nil, nil))
	}
}

// admission are the plugins besides upstream's recommended ones: the Definition's own and, where there are objects to count, the
// one that counts them, which comes last, so that it counts nothing that another refuses.
func (d Definition) admission() []AdmissionPlugin {
	if !d.Stored() {
		return d.Admission
	}
	return append(d.Admission[:len(d.Admission):len(d.Admission)], resourceQuota)
}
