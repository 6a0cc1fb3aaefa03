package claims

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/conformance"
)

type client = dynamic.ResourceInterface

// in is the client for objects in a namespace, or in none.
func (d *derivation) in(gvr schema.GroupVersionResource, namespace string) client {
	if namespace == "" {
		return d.Clients.Dynamic.Resource(gvr)
	}
	return d.Clients.Dynamic.Resource(gvr).Namespace(namespace)
}

var dry = []string{metav1.DryRunAll}

// prober tries dry runs on an object of the sample.
type prober struct {
	*derivation
	offer   Offer
	claim   *Claim
	schema  Schema
	objects client
	object  *unstructured.Unstructured
}

// probe fills in what the server has to say; reason says why the resource can't be tried.
func (p *prober) probe(ctx context.Context, despite bool) (reason string, err error) {
	object, err := p.create(ctx, p.offer, p.claim.Sample, "derived-"+p.offer.GVR.Version)
	if err != nil {
		return "", err
	}
	p.object, p.objects = object, p.derivation.objects(p.offer.GVR, p.offer)
	if !despite {
		who, err := p.written(ctx, object)
		if err != nil {
			return "", err
		}
		if who != "" {
			return "each new object is written by " + who + ", and what a feature writes can't be told from that: stop that, or name the resource with --claims to try it nonetheless", nil
		}
	}
	if err := p.keep(ctx); err != nil {
		return "", err
	}
	// Without a schema, less is claimed; that there is none, the feature about OpenAPI tells.
	p.schema, _ = NewSchema(p.Clients.Kubernetes.Discovery().OpenAPIV3(), p.offer.Kind())
	p.claim.AcceptsUnknown = p.schema.open()
	p.claim.Generation = object.GetGeneration() != 0
	for _, find := range []func(context.Context) error{p.fields, p.writes, p.encodings, p.names, p.status, p.scale, p.columns, p.selectable, p.roles, p.deletions} {
		if err := find(ctx); err != nil {
			return "", fmt.Errorf("finding out what %s claims: %w", p.offer.Name(), err)
		}
	}
	return "", nil
}

// keep leaves out of the sample what the server takes and does not keep, such as a status, or the stringData of a Secret, provided
// that there can be objects without it.
func (p *prober) keep(ctx context.Context) error {
	kept := Object(runtime.DeepCopyJSON(p.claim.Sample))
	for name := range p.claim.Sample {
		if _, ok := p.object.Object[name]; !ok {
			delete(kept, name)
		}
	}
	if p.offer.Has("update", "status") {
		delete(kept, "status")
	}
	if len(kept) == len(p.claim.Sample) {
		return nil
	}
	object, err := p.create(ctx, p.offer, kept, "kept-"+p.offer.GVR.Version)
	if err != nil {
		return ctx.Err() // It is needed.
	}
	p.claim.Sample, p.object = kept, object
	return nil
}

// written says who else writes to a new object, if somebody does within three seconds (controllers of busy clusters take
// longer than one): what is tried can't be told from that.
func (p *prober) written(ctx context.Context, since *unstructured.Unstructured) (string, error) {
	if !p.offer.Has("watch", "") {
		return "", nil
	}
	const seconds = int64(3)
	events, err := p.objects.Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + since.GetName(), ResourceVersion: since.GetResourceVersion(), TimeoutSeconds: ptr.To(seconds),
	})
	if err != nil {
		return "", ctx.Err() // The feature about watches tells.
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		switch object, ok := event.Object.(*unstructured.Unstructured); {
		case !ok || event.Type == watch.Error:
			return "", ctx.Err()
		case event.Type == watch.Deleted:
			return "somebody who deletes it", nil
		case event.Type == watch.Modified:
			managers := object.GetManagedFields()
			for _, m := range slices.Backward(managers) {
				if !slices.ContainsFunc(since.GetManagedFields(), func(known metav1.ManagedFieldsEntry) bool { return known.Manager == m.Manager }) {
					return m.Manager, nil
				}
			}
			return "somebody", nil
		}
	}
	return "", ctx.Err()
}

// with is the object with another value in a field.
func (p *prober) with(f conformance.Field) (*unstructured.Unstructured, bool) {
	object := p.object.DeepCopy()
	err := unstructured.SetNestedField(object.Object, f.Value, f.Path...)
	return object, err == nil
}

// errNoPlace is the error about a field that the object has no place for.
var errNoPlace = errors.New("the field can't be set")

// update tries an update of a field: whether it is accepted as it is, and what is said otherwise.
func (p *prober) update(ctx context.Context, f conformance.Field) (bool, error) {
	updated, err := p.try(ctx, f, func(object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		return p.objects.Update(ctx, object, metav1.UpdateOptions{DryRun: dry})
	})
	if err != nil {
		return false, err
	}
	return reflect.DeepEqual(f.Get(updated), f.Value), nil
}

// try writes the object with another value in a field. A controller may write to it meanwhile: then it is read again.
func (p *prober) try(ctx context.Context, f conformance.Field, write func(*unstructured.Unstructured) (*unstructured.Unstructured, error)) (written *unstructured.Unstructured, err error) {
	const most = 5
	for range most {
		object, ok := p.with(f)
		if !ok {
			return nil, errNoPlace
		}
		if written, err = write(object); !apierrors.IsConflict(err) {
			return written, err
		}
		current, err := p.objects.Get(ctx, p.object.GetName(), metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		p.object = current
	}
	return written, err
}

// creates tries to create an object with another value in a field.
func (p *prober) creates(ctx context.Context, f conformance.Field) (bool, error) {
	r, err := p.resource(p.offer, p.claim.Sample)
	if err != nil {
		return false, err
	}
	object, err := r.New(p.namespace, "tried")
	if err != nil {
		return false, err
	}
	if err := unstructured.SetNestedField(object.Object, f.Value, f.Path...); err != nil {
		return false, err
	}
	created, err := p.objects.Create(ctx, object, metav1.CreateOptions{DryRun: dry})
	if err != nil {
		return false, err
	}
	return reflect.DeepEqual(f.Get(created), f.Value), nil
}

// invalid says whether an error is a refusal of the field.
func invalid(err error, f conformance.Field) bool {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	return slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool { return c.Field == f.String() })
}

// candidates are the fields that the sample has, and then those that have defaults: of the specification, where there is one.
func (p *prober) candidates() []conformance.Field {
	var found []conformance.Field
	for _, object := range []map[string]any{p.claim.Sample, content(p.object, true)} {
		below := []string{}
		if _, ok := object["spec"].(map[string]any); ok {
			below = append(below, "spec")
		}
		for _, f := range leaves(object, below...) {
			known := slices.ContainsFunc(found, func(k conformance.Field) bool { return slices.Equal(k.Path, f.Path) })
			// Of what is atomic, nobody owns or changes a part.
			if !known && f.Path[0] != "status" && !p.schema.atomic(f.Path[:len(f.Path)-1]) {
				found = append(found, f)
			}
		}
	}
	return found
}

// fields finds fields that may change, that may not, and values that must not be.
func (p *prober) fields(ctx context.Context) error {
	const enough = 4 // Values that must not be.
	for _, f := range p.candidates() {
		s := p.schema.Field(f.Path...)
		if len(p.claim.Invalid) < enough {
			p.wrong(ctx, f, append(violations(s), p.odd(f)...))
		}
		if !p.offer.Has("update", "") || p.claim.Change != nil && p.claim.Immutable != nil {
			continue
		}
		var good []any
		for _, value := range alternatives(f, s) {
			changed := conformance.Field{Path: f.Path, Value: value}
			ok, err := p.update(ctx, changed)
			if ok {
				good = append(good, value)
			} else if p.claim.Immutable == nil && invalid(err, f) {
				if ok, _ := p.creates(ctx, changed); ok {
					field := of(changed)
					p.claim.Immutable = &field
					break
				}
			}
			if len(good) == 2 {
				break
			}
		}
		if p.claim.Change == nil && len(good) == 2 {
			p.claim.Change = &Change{Field: Field{Path: f.Path, Value: Value{good[0]}}, Other: Value{good[1]}}
		}
	}
	if p.claim.Change == nil && !p.claim.Generation && p.offer.Has("update", "") {
		// A label may always change. Generations, where there are any, don't grow with it.
		p.claim.Change = &Change{Field: Field{Path: []string{"metadata", "labels", "annex-e2e-changing"}, Value: Value{"once"}}, Other: Value{"twice"}}
	}
	return ctx.Err()
}

// odd are values that nothing declares as wrong, and that are, where the server says so.
func (p *prober) odd(f conformance.Field) []any {
	if _, isText := f.Value.(string); isText {
		return []any{"Not A Name"}
	}
	return nil
}

// wrong claims one of the values as invalid. What the schema forbids must be refused: it is claimed if the server accepts it, too.
func (p *prober) wrong(ctx context.Context, f conformance.Field, values []any) {
	declared := len(values) - len(p.odd(f))
	for i, value := range values {
		bad := conformance.Field{Path: f.Path, Value: value}
		_, err := p.creates(ctx, bad)
		refused, accepted := invalid(err, f), err == nil
		if p.offer.Has("update", "") { // What can't change is not invalid because of that.
			_, err = p.update(ctx, bad)
			refused, accepted = refused && invalid(err, f), accepted || err == nil
		}
		if refused || accepted && i < declared {
			p.claim.Invalid = append(p.claim.Invalid, of(bad))
			return
		}
	}
}

// writes finds out what kinds of writes there are.
func (p *prober) writes(ctx context.Context) error {
	if p.offer.Has("update", "") {
		object := p.object.DeepCopy()
		object.SetResourceVersion("")
		_, err := p.objects.Update(ctx, object, metav1.UpdateOptions{DryRun: dry})
		p.claim.Unconditional = err == nil
		object.SetName(object.GetName() + "-absent")
		object.SetUID("")
		object.SetResourceVersion("1")
		_, err = p.objects.Update(ctx, object, metav1.UpdateOptions{DryRun: dry})
		p.claim.CreateOnUpdate = err == nil
	}
	if p.offer.Has("patch", "") {
		_, err := p.objects.Patch(ctx, p.object.GetName(), types.StrategicMergePatchType, []byte(`{}`), metav1.PatchOptions{DryRun: dry})
		p.claim.StrategicMerge = err == nil
	}
	return ctx.Err()
}

// encodings finds out in which the object can be read, besides JSON.
func (p *prober) encodings(ctx context.Context) error {
	if !p.offer.Has("get", "") {
		return nil
	}
	return p.derivation.encodings(ctx, p.offer, p.claim, p.object)
}

func (d *derivation) encodings(ctx context.Context, offer Offer, claim *Claim, object *unstructured.Unstructured) error {
	path := pathOf(offer, object)
	for mediaType, claimed := range map[string]*bool{runtime.ContentTypeProtobuf: &claim.Protobuf, runtime.ContentTypeCBOR: &claim.CBOR} {
		err := d.Clients.Kubernetes.Discovery().RESTClient().Get().AbsPath(path...).SetHeader("Accept", mediaType).MaxRetries(0).Do(ctx).Error()
		if err != nil && !apierrors.IsNotAcceptable(err) {
			return fmt.Errorf("reading %s as %s: %w", object.GetName(), mediaType, err)
		}
		*claimed = err == nil
	}
	return ctx.Err()
}

// pathOf is the way to an object.
func pathOf(offer Offer, object *unstructured.Unstructured) []string {
	path := []string{"apis", offer.GVR.Group, offer.GVR.Version}
	if offer.GVR.Group == "" {
		path = []string{"api", offer.GVR.Version}
	}
	if namespace := object.GetNamespace(); namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	return append(path, offer.GVR.Resource, object.GetName())
}

// deletions finds out what they answer with. It comes last: a server that does not know dry runs has deleted the object by then.
func (p *prober) deletions(ctx context.Context) error {
	if !p.offer.Has("delete", "") {
		return nil
	}
	data, err := p.Clients.Kubernetes.Discovery().RESTClient().Delete().AbsPath(pathOf(p.offer, p.object)...).
		Param("dryRun", metav1.DryRunAll).SetHeader("Accept", runtime.ContentTypeJSON).Do(ctx).Raw()
	if err != nil {
		return ctx.Err() // The feature about deletions tells.
	}
	var answer metav1.TypeMeta
	if err := json.Unmarshal(data, &answer); err != nil {
		return ctx.Err()
	}
	p.claim.ReturnsDeleted = answer.GroupVersionKind() == p.object.GroupVersionKind()
	return ctx.Err()
}

// names finds out how long they may be: as a DNS subdomain (RFC 1123), as a DNS label, or as a label to which others append.
func (p *prober) names(ctx context.Context) error {
	if p.claim.PathNames = p.offer.GVR.Group == rbacv1.GroupName; p.claim.PathNames {
		return nil // Of others it would be a fault.
	}
	r, err := p.resource(p.offer, p.claim.Sample)
	if err != nil {
		return err
	}
	for _, length := range []int{253, 63, 58, 52} {
		object, err := r.New(p.namespace, "")
		if err != nil {
			return err
		}
		object.SetName((object.GetName() + strings.Repeat("x", length))[:length])
		if _, err := p.objects.Create(ctx, object, metav1.CreateOptions{DryRun: dry}); err == nil {
			if length != 253 {
				p.claim.MaxName = length
			}
			return nil
		}
	}
	return ctx.Err()
}

// status finds a field of the status that its subresource writes.
func (p *prober) status(ctx context.Context) error {
	if !p.offer.Has("update", "status") {
		return nil
	}
	for _, f := range p.statuses() {
		if reflect.DeepEqual(f.Get(p.object), f.Value) {
			continue
		}
		updated, err := p.try(ctx, f, func(object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
			object.SetLabels(map[string]string{"example.com/sent": "yes"})
			return p.objects.UpdateStatus(ctx, object, metav1.UpdateOptions{DryRun: dry})
		})
		if err != nil || !reflect.DeepEqual(f.Get(updated), f.Value) {
			continue
		}
		// A merge patch and an apply have this field alone.
		patch, err := json.Marshal(f.Tree())
		if err != nil {
			return err
		}
		if _, err := p.objects.Patch(ctx, p.object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{DryRun: dry}, "status"); err != nil {
			continue
		}
		field := of(f)
		p.claim.Status = &field
		p.claim.StatusTakesMetadata = updated.GetLabels()["example.com/sent"] == "yes"
		return nil
	}
	return ctx.Err()
}

// statuses are values that the status may have.
func (p *prober) statuses() []conformance.Field {
	s := p.schema.Field("status")
	if s == nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(s.Properties))
	if i := slices.Index(names, "observedGeneration"); i >= 0 { // The most harmless.
		names = append([]string{"observedGeneration"}, slices.Delete(names, i, i+1)...)
	}
	var found []conformance.Field
	for _, name := range names {
		path := []string{"status", name}
		if name == "conditions" {
			found = append(found, conformance.Field{Path: path, Value: conditions()})
		} else if value, ok := example(p.schema.Field(path...)); ok {
			found = append(found, conformance.Field{Path: path, Value: value})
		}
	}
	return found
}

// scale finds the field that the scale subresource writes: the one that has its number.
func (p *prober) scale(ctx context.Context) error {
	if !p.offer.Has("update", "scale") || !p.offer.Has("get", "scale") {
		return nil
	}
	scale, err := p.objects.Get(ctx, p.object.GetName(), metav1.GetOptions{}, "scale")
	if err != nil {
		return nil //nolint:nilerr // What it should do, the file of claims has to say.
	}
	replicas, _, err := unstructured.NestedInt64(scale.Object, "spec", "replicas")
	if err != nil {
		return nil //nolint:nilerr // As above.
	}
	for _, f := range p.candidates() {
		if f.Value == replicas {
			p.claim.Scale = &Field{Path: f.Path, Value: Value{replicas + 2}}
			if f.Path[len(f.Path)-1] == "replicas" {
				break // No doubt.
			}
		}
	}
	return nil
}

// columns are those of the table, if kubectl prints them as people expect: the name first, the age last.
func (p *prober) columns(ctx context.Context) error {
	path := []string{"apis", p.offer.GVR.Group, p.offer.GVR.Version}
	if p.offer.GVR.Group == "" {
		path = []string{"api", p.offer.GVR.Version}
	}
	if p.claim.Namespaced {
		path = append(path, "namespaces", p.namespace)
	}
	data, err := p.Clients.Kubernetes.Discovery().RESTClient().Verb(http.MethodGet).AbsPath(append(path, p.offer.GVR.Resource, p.object.GetName())...).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(ctx).Raw()
	var table metav1.Table
	if err == nil {
		err = json.Unmarshal(data, &table)
	}
	last := len(table.ColumnDefinitions) - 1
	if err != nil || last < 1 || len(table.Rows) != 1 || len(table.Rows[0].Cells) != last+1 || !strings.EqualFold(table.ColumnDefinitions[0].Name, "name") {
		return ctx.Err() // The feature about tables tells.
	}
	columns := []Column{}
	for i, c := range table.ColumnDefinitions[1:] {
		column := Column{Heading: strings.ToUpper(c.Name), Wide: c.Priority > 0}
		if cell := table.Rows[0].Cells[i+1]; cell != nil {
			column.Value = strings.TrimSpace(text(cell))
		}
		if column.Heading == "AGE" {
			continue // Kubectl puts it where the server does: it has to be the last.
		}
		columns = append(columns, column)
	}
	if strings.EqualFold(table.ColumnDefinitions[last].Name, "age") {
		p.claim.Columns = columns
	}
	return nil
}

// selectable are the fields by which a list can be selected.
func (p *prober) selectable(ctx context.Context) error {
	if !p.offer.Has("list", "") {
		return nil
	}
	const most = 40 // Requests.
	another, err := p.create(ctx, p.offer, p.claim.Sample, "another-"+p.offer.GVR.Version)
	if err != nil {
		return err
	}
	fields := slices.DeleteFunc(append(leaves(p.object.Object, "spec"), leaves(p.object.Object, "status")...), func(f conformance.Field) bool {
		return !reflect.DeepEqual(f.Get(another), f.Value) // An address, for example.
	})
	for _, f := range fields[:min(len(fields), most)] {
		value := text(f.Value)
		if strings.ContainsAny(value, ",=\\") || strings.ContainsAny(f.String(), ",=!/") {
			continue // They would have to be escaped.
		}
		list, err := p.objects.List(ctx, metav1.ListOptions{FieldSelector: f.String() + "=" + value})
		if err != nil {
			continue
		}
		if slices.ContainsFunc(list.Items, func(o unstructured.Unstructured) bool { return o.GetUID() == p.object.GetUID() }) {
			if p.claim.Selectable == nil {
				p.claim.Selectable = map[string]string{}
			}
			p.claim.Selectable[f.String()] = value
		}
	}
	return ctx.Err()
}

// roles finds out whether the built-in roles cover the resource.
func (p *prober) roles(ctx context.Context) error {
	covers := func(role string, verbs ...string) bool {
		r, err := p.Clients.Kubernetes.RbacV1().ClusterRoles().Get(ctx, role, metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, verb := range verbs {
			covered := !p.offer.Has(verb, "")
			for _, rule := range r.Rules {
				covered = covered || slices.Contains(rule.Verbs, verb) && slices.Contains(rule.Resources, p.offer.GVR.Resource) && slices.Contains(rule.APIGroups, p.offer.GVR.Group)
			}
			if !covered {
				return false
			}
		}
		return true
	}
	p.claim.BuiltInRoles = covers("view", "get", "list", "watch") && covers("edit", "create", "update", "patch", "delete", "deletecollection")
	return ctx.Err()
}
