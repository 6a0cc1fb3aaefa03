package claims

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apiserver/pkg/endpoints/discovery"

	"example.com/annex/e2e/conformance"
)

// link finds out what the versions of a resource have to do with each other: how each has an object of the others' samples, and what
// a change in the first is called in the others. Where a change of one field is not a change of one field everywhere, nothing is
// claimed.
func (d *derivation) link(ctx context.Context, offers []Offer, claims []Claim) error {
	if len(claims) < 2 || slices.ContainsFunc(claims, func(c Claim) bool { return c.Change == nil || c.Sample == nil }) {
		return nil
	}
	changes, err := d.translate(ctx, offers, claims[0])
	if err != nil || changes == nil {
		return err
	}
	stored := d.stored(offers)
	for i := range claims {
		object, err := d.create(ctx, offers[i], claims[i].Sample, "read-"+offers[i].GVR.Version)
		if err != nil {
			return err
		}
		claims[i].Reads, claims[i].Versions = map[string]Object{}, nil
		for j, offer := range offers {
			read, err := d.objects(offer.GVR, offer).Get(ctx, object.GetName(), metav1.GetOptions{})
			if err != nil {
				return fmt.Errorf("reading an object of %s in %s: %w", offers[i].Name(), offer.GVR.Version, err)
			}
			claims[i].Reads[offer.GVR.Version] = content(read, false)
			if j != i {
				claims[i].Versions = append(claims[i].Versions, claims[j].Name)
			}
		}
		claims[i].Change, claims[i].Stored = &changes[i].Change, stored
		if claims[i].Status != nil {
			claims[i].Status = changes[i].status
		}
	}
	return nil
}

// translation is a change in one version.
type translation struct {
	Change
	status *Field
}

// translate makes the changes of the first version, and looks for them in all. It returns nothing where they can't be told.
func (d *derivation) translate(ctx context.Context, offers []Offer, first Claim) ([]translation, error) {
	object, err := d.create(ctx, offers[0], first.Sample, "translated")
	if err != nil {
		return nil, err
	}
	objects := d.objects(offers[0].GVR, offers[0])
	read := func() ([]*unstructured.Unstructured, error) {
		var all []*unstructured.Unstructured
		for _, offer := range offers {
			got, err := d.objects(offer.GVR, offer).Get(ctx, object.GetName(), metav1.GetOptions{})
			if err != nil {
				return nil, fmt.Errorf("reading an object of %s in %s: %w", offers[0].Name(), offer.GVR.Version, err)
			}
			all = append(all, got)
		}
		return all, nil
	}
	before, err := read()
	if err != nil {
		return nil, err
	}
	// after is what differs in each version once a field was written; ok is false if that is not one field in each.
	after := func(f conformance.Field, write func(*unstructured.Unstructured) error) (fields []Field, ok bool, err error) {
		now, err := objects.Get(ctx, object.GetName(), metav1.GetOptions{})
		if err != nil {
			return nil, false, err
		}
		if err := unstructured.SetNestedField(now.Object, f.Value, f.Path...); err != nil {
			return nil, false, err
		}
		if err := write(now); err != nil {
			return nil, false, fmt.Errorf("changing %s of an object of %s: %w", f, offers[0].Name(), err)
		}
		all, err := read()
		if err != nil {
			return nil, false, err
		}
		for i, got := range all {
			found := differing(content(before[i], false), content(got, false), nil)
			if len(found) != 1 {
				return nil, false, nil
			}
			fields = append(fields, of(found[0]))
		}
		return fields, true, nil
	}
	update := func(o *unstructured.Unstructured) error {
		_, err := objects.Update(ctx, o, metav1.UpdateOptions{})
		return err
	}
	path := first.Change.Path
	changed, ok, err := after(conformance.Field{Path: path, Value: first.Change.Value.any}, update)
	if err != nil || !ok {
		return nil, err
	}
	others, ok, err := after(conformance.Field{Path: path, Value: first.Change.Other.any}, update)
	if err != nil || !ok {
		return nil, err
	}
	all := make([]translation, len(offers))
	for i := range offers {
		if !slices.Equal(changed[i].Path, others[i].Path) {
			return nil, nil
		}
		all[i].Change = Change{Field: changed[i], Other: others[i].Value}
	}
	if first.Status == nil {
		return all, nil
	}
	if before, err = read(); err != nil {
		return nil, err
	}
	statuses, ok, err := after(*first.Status.field(), func(o *unstructured.Unstructured) error {
		_, err := objects.UpdateStatus(ctx, o, metav1.UpdateOptions{})
		return err
	})
	if err != nil || !ok {
		return nil, err
	}
	for i := range offers {
		all[i].status = &statuses[i]
	}
	return all, nil
}

// differing are the fields in which two objects differ, with the values of the second. A list is one field.
func differing(before, after map[string]any, path []string) []conformance.Field {
	names := slices.Collect(maps.Keys(after))
	for name := range before {
		if _, there := after[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var found []conformance.Field
	for _, name := range names {
		at := append(slices.Clone(path), name)
		one, isMap := before[name].(map[string]any)
		other, isMapToo := after[name].(map[string]any)
		switch {
		case isMap && isMapToo, isMapToo && before[name] == nil:
			found = append(found, differing(one, other, at)...)
		case !reflect.DeepEqual(before[name], after[name]):
			found = append(found, conformance.Field{Path: at, Value: after[name]})
		}
	}
	return found
}

// stored is the version in which objects are stored, as its hash in discovery says, or nothing.
func (d *derivation) stored(offers []Offer) string {
	list, err := d.Clients.Kubernetes.Discovery().ServerResourcesForGroupVersion(offers[0].GVR.GroupVersion().String())
	if err != nil {
		return ""
	}
	for _, r := range list.APIResources {
		for _, offer := range offers {
			if r.Name == offer.GVR.Resource && r.StorageVersionHash == discovery.StorageVersionHash(offer.GVR.Group, offer.GVR.Version, offer.Kind().Kind) {
				return offer.GVR.Version
			}
		}
	}
	return ""
}
