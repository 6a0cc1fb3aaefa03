package conformance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"example.com/annex/e2e/step"
)

// policyTimeout is how long a server may take to learn of a policy: it watches them, and reconciles each second
// (k8s.io/apiserver/pkg/admission/plugin/policy/generic).
const policyTimeout = 30 * time.Second

// forbidden is the annotation that the feature's policies look for. They are for the feature's objects alone.
const forbidden = "e2e.example.com/forbidden"

// Policies checks that ValidatingAdmissionPolicies and MutatingAdmissionPolicies of the cluster (KEP-3488, KEP-3962) apply to the
// resource, wherever it is served.
func Policies(r Resource) Feature {
	tr := try(r, "Policies", r.Can("create", "get", "update", "patch", "delete"))
	if !tr.Feature.Claimed {
		return tr.Feature
	}
	annotated := Field{Path: []string{"metadata", "annotations"}, Value: map[string]any{forbidden: "yes"}}
	tr.assess("a ValidatingAdmissionPolicy forbids", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "validated")
		tr.validate(ctx, t)
		attempt := func(ctx context.Context) error {
			sample := tr.sample(t, "refused")
			annotated.Set(t, sample)
			_, err := tr.objects().Create(ctx, sample, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return err
		}
		step.Eventually(ctx, t, policyTimeout, "the policy to forbid", func(ctx context.Context) error { return mustBeForbidden(attempt(ctx)) })
		expectRefused(t, attempt(ctx), apierrors.IsInvalid, "no "+forbidden, tr.named("refused"))

		sample := tr.sample(t, "refused")
		annotated.Set(t, sample)
		_, err := tr.objects().Create(ctx, sample, metav1.CreateOptions{})
		expectRefused(t, err, apierrors.IsInvalid, "no "+forbidden)
		_, err = tr.objects().Apply(ctx, sample.GetName(), sample, metav1.ApplyOptions{FieldManager: "e2e"})
		expectRefused(t, err, apierrors.IsInvalid, "no "+forbidden)
		changed := object.DeepCopy()
		annotated.Set(t, changed)
		_, err = tr.objects().Update(ctx, changed, metav1.UpdateOptions{})
		expectRefused(t, err, apierrors.IsInvalid, "no "+forbidden)
		_, err = tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, encode(t, annotated.Tree()), metav1.PatchOptions{})
		expectRefused(t, err, apierrors.IsInvalid, "no "+forbidden)
		expectUnchanged(t, object, tr.get(ctx, t, "validated"))
		tr.create(ctx, t, "allowed")
		if r.Has("status", "patch") && r.Status != nil {
			_, err := tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, encode(t, r.Status.Tree()), metav1.PatchOptions{}, "status")
			expectRefused(t, err, apierrors.IsInvalid, "no status")
		}
		if r.Has("scale", "patch") && r.Scale != nil {
			patch := encode(t, Field{Path: []string{"spec", "replicas"}, Value: r.Scale.Value}.Tree())
			_, err := tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "scale")
			expectRefused(t, err, apierrors.IsInvalid, "no scale")
		}
		expectRefused(t, tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{}), apierrors.IsInvalid, "no deletion")
	})
	tr.assess("a MutatingAdmissionPolicy changes what is written", func(ctx context.Context, t *testing.T) {
		tr.Since(ctx, t, "1.36", "mutatingadmissionpolicies.v1.admissionregistration.k8s.io")
		object := tr.create(ctx, t, "mutated")
		tr.mutate(ctx, t)
		mutated := func(object *unstructured.Unstructured) bool {
			return object.GetAnnotations()["e2e.example.com/configured"] == "yes" && object.GetAnnotations()["e2e.example.com/patched"] == "yes"
		}
		step.Eventually(ctx, t, policyTimeout, "the policy to change what is created", func(ctx context.Context) error {
			made, err := tr.objects().Create(ctx, tr.sample(t, "changed"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			if err == nil && !mutated(made) {
				err = fmt.Errorf("annotations are %v", made.GetAnnotations())
			}
			return err
		})
		if made := tr.create(ctx, t, "changed"); !mutated(made) || !mutated(tr.get(ctx, t, "changed")) {
			t.Errorf("annotations of what was created are %v", made.GetAnnotations())
		}
		tr.Change.Set(t, object)
		updated := tr.update(ctx, t, object)
		if !mutated(updated) {
			t.Errorf("annotations of what was updated are %v", updated.GetAnnotations())
		}
		expectValue(t, updated, tr.Change)
	})
	return tr.Feature
}

func mustBeForbidden(err error) error {
	switch {
	case err == nil:
		return errors.New("it was accepted")
	case apierrors.IsInvalid(err):
		return nil
	default:
		return err
	}
}

// rules match the resource and its subresources in its version alone.
func (tr *trial) rules(operations ...admissionv1.OperationType) *admissionv1.MatchResources {
	exact := admissionv1.Exact
	resources := []string{tr.GVR.Resource}
	for name := range tr.Subresources {
		resources = append(resources, tr.GVR.Resource+"/"+name)
	}
	return &admissionv1.MatchResources{
		MatchPolicy: &exact,
		ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: operations,
			Rule:       admissionv1.Rule{APIGroups: []string{tr.GVR.Group}, APIVersions: []string{tr.GVR.Version}, Resources: resources},
		}}},
	}
}

// conditions are that a request is about an object of the trial with one of the names: others go on at the same time.
func (tr *trial) conditions(names ...string) []admissionv1.MatchCondition {
	var own []string
	for _, name := range names {
		own = append(own, strconv.Quote(tr.named(name)))
	}
	conditions := []admissionv1.MatchCondition{
		// A collection that is deleted, and an object whose name will be generated, have none.
		{Name: "named", Expression: "has(request.name) && request.name in [" + strings.Join(own, ", ") + "]"},
	}
	if tr.Namespaced {
		conditions = append(conditions, admissionv1.MatchCondition{Name: "own", Expression: fmt.Sprintf("request.namespace == %q", tr.Namespace)})
	}
	return conditions
}

// validate installs a policy that forbids an annotation, and all writes to subresources, until t ends.
func (tr *trial) validate(ctx context.Context, t *testing.T) {
	t.Helper()
	name := tr.Namespace
	invalid := metav1.StatusReasonInvalid
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: tr.marks()},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: tr.rules(admissionv1.Create, admissionv1.Update, admissionv1.Delete),
			MatchConditions:  tr.conditions("validated", "refused", "allowed"),
			Validations: []admissionv1.Validation{
				{
					Expression: `request.operation == "DELETE" || !has(object.metadata.annotations) || !("` + forbidden + `" in object.metadata.annotations)`,
					Message:    "no " + forbidden, Reason: &invalid,
				},
				{Expression: `!has(request.subResource) || request.subResource != "status"`, Message: "no status", Reason: &invalid},
				{Expression: `!has(request.subResource) || request.subResource != "scale"`, Message: "no scale", Reason: &invalid},
				{Expression: `request.operation != "DELETE"`, Message: "no deletion", Reason: &invalid},
			},
		},
	}
	policies := tr.Kubernetes.AdmissionregistrationV1().ValidatingAdmissionPolicies()
	if _, err := policies.Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		t.Fatalf("creating a policy: %v", err)
	}
	t.Cleanup(func() { tr.remove(ctx, t, policies.Delete, name) })
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: tr.marks()},
		Spec:       admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}},
	}
	bindings := tr.Kubernetes.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	if _, err := bindings.Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatalf("binding a policy: %v", err)
	}
	t.Cleanup(func() { tr.remove(ctx, t, bindings.Delete, name) })
}

// mutate installs a policy that adds an annotation in each of the two ways there are, until t ends.
func (tr *trial) mutate(ctx context.Context, t *testing.T) {
	t.Helper()
	name := tr.Namespace
	fail := admissionv1.Fail
	policy := &admissionv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: tr.marks()},
		Spec: admissionv1.MutatingAdmissionPolicySpec{
			MatchConstraints:   tr.rules(admissionv1.Create, admissionv1.Update),
			MatchConditions:    tr.conditions("mutated", "changed"),
			FailurePolicy:      &fail,
			ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
			Mutations: []admissionv1.Mutation{
				{PatchType: admissionv1.PatchTypeApplyConfiguration, ApplyConfiguration: &admissionv1.ApplyConfiguration{
					Expression: `Object{metadata: Object.metadata{annotations: {"e2e.example.com/configured": "yes"}}}`,
				}},
				{PatchType: admissionv1.PatchTypeJSONPatch, JSONPatch: &admissionv1.JSONPatch{
					Expression: `[JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("e2e.example.com/patched"), value: "yes"}]`,
				}},
			},
		},
	}
	policies := tr.Kubernetes.AdmissionregistrationV1().MutatingAdmissionPolicies()
	if _, err := policies.Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		t.Fatalf("creating a policy: %v", err)
	}
	t.Cleanup(func() { tr.remove(ctx, t, policies.Delete, name) })
	binding := &admissionv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: tr.marks()},
		Spec:       admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: name},
	}
	bindings := tr.Kubernetes.AdmissionregistrationV1().MutatingAdmissionPolicyBindings()
	if _, err := bindings.Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatalf("binding a policy: %v", err)
	}
	t.Cleanup(func() { tr.remove(ctx, t, bindings.Delete, name) })
}

// remove deletes what others would suffer from.
func (tr *trial) remove(ctx context.Context, t *testing.T, remove func(context.Context, string, metav1.DeleteOptions) error, name string) {
	t.Helper()
	ctx, cancel := step.CleanupContext(ctx)
	defer cancel()
	if err := remove(ctx, name, metav1.DeleteOptions{}); err != nil {
		t.Errorf("deleting %s: %v", name, err)
	}
}
