package claims

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/restmapper"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/step"
)

// Options say what to derive claims of.
type Options struct {
	// Clients are an administrator's.
	Clients *step.Clients
	// Run is the value of the label step.RunLabel on the namespace that Derive makes for itself, and deletes.
	Run string
	// Samples are valid objects. One of another version of the same kind will do: the server converts it.
	Samples []Sample
	// Overlay replaces what is derived.
	Overlay Overlay
	// Progress is called with what is being done, where it is not nil.
	Progress func(doing string)
}

// NotTried is a resource of which nothing is claimed, and why.
type NotTried struct {
	Resource string
	Reason   string
}

// Derive finds out what the resources claim. It makes objects of the samples, in a namespace of its own, and deletes them again; most
// else are dry runs. Resources without a sample are not tried.
func Derive(ctx context.Context, options Options, offers []Offer) (_ Document, _ []NotTried, err error) {
	for _, s := range options.Samples {
		if !slices.ContainsFunc(offers, func(o Offer) bool { return o.Kind().GroupKind() == s.GroupVersionKind().GroupKind() }) {
			var kinds []string
			for _, o := range offers {
				kinds = append(kinds, o.Kind().Kind)
			}
			slices.Sort(kinds)
			return Document{}, nil, fmt.Errorf("%s: a %s of %s is none of the resources to try: their kinds are %v of %s",
				s.File, s.GetKind(), s.GetAPIVersion(), slices.Compact(kinds), cmp.Or(offers[0].GVR.Group, "the core group"))
		}
	}
	d := &derivation{Options: options}
	if err := d.open(ctx); err != nil {
		return Document{}, nil, err
	}
	defer func() { err = errors.Join(err, d.close(ctx)) }()
	document := New()
	var left []NotTried
	var tried []Offer
	for _, offer := range offers {
		if options.Progress != nil {
			options.Progress("finding out what " + offer.Name() + " claims")
		}
		claim, reason, err := d.claim(ctx, offer)
		if err != nil {
			return Document{}, nil, err
		}
		if reason != "" {
			left = append(left, NotTried{Resource: name(offer.GVR), Reason: reason})
			continue
		}
		document.Resources, tried = append(document.Resources, claim), append(tried, offer)
	}
	if err := d.versions(ctx, tried, document.Resources); err != nil {
		return Document{}, nil, err
	}
	if len(document.Resources) == 0 {
		return document, left, fmt.Errorf("nothing to try: %s: %s", left[0].Resource, left[0].Reason)
	}
	return document, left, nil
}

// versions derives what the claims of resources in several versions say of each other.
func (d *derivation) versions(ctx context.Context, offers []Offer, claims []Claim) error {
	done := map[schema.GroupResource]bool{}
	for _, offer := range offers {
		resource := offer.GVR.GroupResource()
		if done[resource] || !offer.Has("create", "") || !offer.Has("get", "") || !offer.Has("update", "") {
			continue
		}
		done[resource] = true
		var same []Offer
		var theirs []Claim
		var places []int
		for i, other := range offers {
			if other.GVR.GroupResource() == resource {
				same, theirs, places = append(same, other), append(theirs, claims[i]), append(places, i)
			}
		}
		if err := d.link(ctx, same, theirs); err != nil {
			return err
		}
		for i, place := range places {
			// What is given has the last word again.
			claim, err := d.Overlay.Onto(theirs[i])
			if err != nil {
				return err
			}
			claims[place] = claim
		}
	}
	return nil
}

type derivation struct {
	Options
	namespace string
	undo      []func(context.Context) error
}

// open makes a namespace.
func (d *derivation) open(ctx context.Context) error {
	namespaces := d.Clients.Kubernetes.CoreV1().Namespaces()
	ns, err := namespaces.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-",
		Labels:       map[string]string{"app.kubernetes.io/managed-by": "annex-e2e", step.RunLabel: d.Run},
	}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("making a namespace to try samples in: %w", err)
	}
	d.namespace = ns.Name
	d.undo = append(d.undo, func(ctx context.Context) error { return namespaces.Delete(ctx, ns.Name, metav1.DeleteOptions{}) })
	return nil
}

// close deletes what was made, the last first.
func (d *derivation) close(ctx context.Context) error {
	ctx, cancel := step.CleanupContext(ctx)
	defer cancel()
	var errs []error
	for _, undo := range slices.Backward(d.undo) {
		if err := undo(ctx); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("cleaning up after trying samples: %w", err))
		}
	}
	return errors.Join(errs...)
}

// claim derives the claims of one resource; reason says why there are none.
func (d *derivation) claim(ctx context.Context, offer Offer) (claim Claim, reason string, err error) {
	given, despite := d.Overlay.Of(offer.GVR)
	claim = offer.claim()
	claim.Sample = given.Sample
	if err := d.provide(ctx, given.Needs); err != nil {
		return claim, "", fmt.Errorf("%s: creating what it needs: %w", claim.Name, err)
	}
	if !offer.Has("create", "") {
		return d.readOnly(ctx, offer, claim)
	}
	if claim.Sample == nil {
		if claim.Sample, reason, err = d.sample(ctx, offer); err != nil || reason != "" {
			return claim, reason, err
		}
	}
	if offer.Has("get", "") {
		p := prober{derivation: d, offer: offer, claim: &claim}
		if reason, err := p.probe(ctx, despite); err != nil || reason != "" {
			return claim, reason, err
		}
	}
	claim, err = d.Overlay.Onto(claim)
	return claim, "", err
}

// claim is what discovery says.
func (o Offer) claim() Claim {
	claim := Claim{
		Name:       name(o.GVR),
		Kind:       o.Kind().Kind,
		Singular:   o.SingularResource,
		ShortNames: o.ShortNames,
		Categories: o.Categories,
		Namespaced: o.Scope == "Namespaced",
		Verbs:      slices.Sorted(slices.Values(o.Verbs)),
	}
	for _, s := range o.Subresources {
		if claim.Subresources == nil {
			claim.Subresources = map[string][]string{}
		}
		claim.Subresources[s.Subresource] = slices.Sorted(slices.Values(s.Verbs))
	}
	return claim
}

// Rules are the rights that it may take to run the features of the resource that are selected by their areas, and to find out before
// what it claims.
func (o Offer) Rules(selected func(area string) bool) []rbacv1.PolicyRule {
	c := o.claim()
	var rules []rbacv1.PolicyRule
	for _, feature := range conformance.All(conformance.Resource{
		GVR: o.GVR, Kind: c.Kind, Singular: c.Singular, Namespaced: c.Namespaced, Verbs: c.Verbs, Subresources: c.Subresources,
		// Not known yet.
		StrategicMerge: true, Unconditional: true,
	}) {
		if selected(feature.Area) {
			rules = append(rules, feature.Rules()...)
		}
	}
	return rules
}

// readOnly are the claims of a resource whose objects are there by themselves.
func (d *derivation) readOnly(ctx context.Context, offer Offer, claim Claim) (Claim, string, error) {
	given, err := d.Overlay.Onto(claim)
	if err != nil || given.Existing != "" || !offer.Has("list", "") {
		return given, "", err
	}
	list, err := d.Clients.Dynamic.Resource(offer.GVR).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return claim, "", fmt.Errorf("%s: listing what is there: %w", claim.Name, err)
	}
	if len(list.Items) == 0 || claim.Namespaced {
		return claim, "its objects are there by themselves: name one as existing with --claims", nil
	}
	claim.Existing = list.Items[0].GetName()
	if offer.Has("get", "") {
		if err := d.encodings(ctx, offer, &claim, &list.Items[0]); err != nil {
			return claim, "", fmt.Errorf("finding out what %s claims: %w", offer.Name(), err)
		}
	}
	claim, err = d.Overlay.Onto(claim)
	return claim, "", err
}

// sample is what an object of the resource needs, besides its type and metadata. A sample of another version is converted.
func (d *derivation) sample(ctx context.Context, offer Offer) (Object, string, error) {
	s, ok := find(d.Samples, offer.Kind())
	if !ok {
		return nil, "no sample of kind " + offer.Kind().Kind + " was given", nil
	}
	if s.GroupVersionKind() == offer.Kind() {
		return content(s.Unstructured, false), "", nil
	}
	other := offer
	other.GVR = s.GroupVersionKind().GroupVersion().WithResource(offer.GVR.Resource)
	object, err := d.create(ctx, other, content(s.Unstructured, false), "converted-"+offer.GVR.Version)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", s.File, err)
	}
	converted, err := d.objects(offer.GVR, other).Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, "", fmt.Errorf("%s: reading it as %s: %w", s.File, offer.Kind().Version, err)
	}
	return content(converted, true), "", nil
}

// content is an object without its type and metadata, and without what the status subresource writes.
func content(object *unstructured.Unstructured, withoutStatus bool) Object {
	c := object.DeepCopy().Object
	for _, field := range []string{"apiVersion", "kind", "metadata"} {
		delete(c, field)
	}
	if withoutStatus {
		delete(c, "status")
	}
	if c == nil {
		c = map[string]any{}
	}
	return c
}

// resource is enough of a resource to make objects of.
func (d *derivation) resource(offer Offer, sample Object) (conformance.Resource, error) {
	text, err := sample.yaml()
	return conformance.Resource{
		GVR: offer.GVR, Kind: offer.Kind().Kind, Namespaced: offer.Scope == "Namespaced", Verbs: offer.Verbs, Sample: text,
	}, err
}

// create makes an object of a sample. It is deleted in the end.
func (d *derivation) create(ctx context.Context, offer Offer, sample Object, called string) (*unstructured.Unstructured, error) {
	r, err := d.resource(offer, sample)
	if err != nil {
		return nil, err
	}
	object, err := r.New(d.namespace, called)
	if err != nil {
		return nil, err
	}
	objects := r.Objects(d.Clients, d.namespace)
	created, err := objects.Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		return nil, fmt.Errorf("the sample of %s was refused: %w", offer.Name(), err)
	}
	d.undo = append(d.undo, func(ctx context.Context) error { return objects.Delete(ctx, created.GetName(), metav1.DeleteOptions{}) })
	return created, nil
}

// provide creates objects that samples need, unless they are there already.
func (d *derivation) provide(ctx context.Context, needs []Object) error {
	if len(needs) == 0 {
		return nil
	}
	groups, err := restmapper.GetAPIGroupResources(d.Clients.Kubernetes.Discovery())
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	for _, need := range needs {
		object := &unstructured.Unstructured{Object: need}
		object = object.DeepCopy()
		gvk := object.GroupVersionKind()
		mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		if err != nil {
			return err
		}
		offer := Offer{GVR: mapping.Resource}
		if mapping.Scope.Name() == "namespace" {
			offer.Scope = "Namespaced"
			if object.GetNamespace() == "" {
				object.SetNamespace(d.namespace)
			}
		}
		objects := d.in(mapping.Resource, object.GetNamespace())
		_, err = objects.Create(ctx, object, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			continue
		}
		if err != nil {
			return err
		}
		d.undo = append(d.undo, func(ctx context.Context) error { return objects.Delete(ctx, object.GetName(), metav1.DeleteOptions{}) })
	}
	return nil
}

// objects is the client for what is made.
func (d *derivation) objects(gvr schema.GroupVersionResource, offer Offer) client {
	if offer.Scope == "Namespaced" {
		return d.in(gvr, d.namespace)
	}
	return d.in(gvr, "")
}
