package sitecheck

import (
	"context"
	"errors"
	"fmt"
	"io"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/warning"

	"example.com/annex/servers/capacity/apis/capacity"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/reflector"
	"example.com/annex/shared/registry"
)

// Name is what --disable-admission-plugins and --admission-control-config-file call the plugin.
const Name = "SiteCheck"

// Plugin is the plugin for a Definition.
var Plugin = apiserver.AdmissionPlugin{
	Name: Name,
	New: func(config io.Reader) (admission.Interface, error) {
		configuration, err := readConfiguration(config)
		if err != nil {
			return nil, fmt.Errorf("configuring the admission plugin %s: %w", Name, err)
		}
		return newPlugin(configuration), nil
	},
	Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{topologyv1.GroupName}, Resources: []string{"sites"}, Verbs: []string{"get", "list", "watch"},
	}},
}

// plugin only validates: it has no side effects, and does in a dry run what it does otherwise.
type plugin struct {
	*admission.Handler
	configuration configuration
	sites         sites
	err           error // why there are no sites to read
}

var (
	_ admission.ValidationInterface = &plugin{}
	_ apiserver.WantsReflectors     = &plugin{}
)

func newPlugin(c configuration) *plugin {
	return &plugin{
		Handler: admission.NewHandler(admission.Create, admission.Update), configuration: c,
		err: errors.New("no reflectors were set"),
	}
}

// SetReflectors asks for the reflector of Sites.
func (p *plugin) SetReflectors(reflectors *reflector.Set) { p.sites, p.err = newReflected(reflectors) }

// ValidateInitialization fails where there is no reflector.
func (p *plugin) ValidateInitialization() error {
	if p.err != nil {
		return fmt.Errorf("initialising the admission plugin %s: %w", Name, p.err)
	}
	return nil
}

// Validate refuses a Reservation that asks its site for more than it has: with status 403 where the site is known not to have
// it, with 503 where nobody can tell.
func (p *plugin) Validate(ctx context.Context, a admission.Attributes, _ admission.ObjectInterfaces) error {
	r, err := demand(ctx, a)
	if r == nil || err != nil {
		return err
	}
	if site, ok := p.sites.cached(r.Spec.SiteName); ok && lack(site, r) == "" {
		return nil
	}
	// What the reflector does not know may have been created just now, and what it knows may have changed.
	site, err := p.sites.live(ctx, r.Spec.SiteName)
	switch {
	case err != nil:
		return p.unknown(ctx, r, apierrors.NewServiceUnavailable(fmt.Sprintf("site %q can't be read: %v; install %s or wait until it is back, "+
			"or run %s without this check, with --disable-admission-plugins=%s", r.Spec.SiteName, err, topologyv1.GroupName, capacity.GroupName, Name)))
	case site == nil:
		return p.unknown(ctx, r, admission.NewForbidden(a, fmt.Errorf("there is no site %q in %s", r.Spec.SiteName, topologyv1.GroupName)))
	}
	if text := lack(site, r); text != "" {
		return admission.NewForbidden(a, fmt.Errorf("site %q %s", site.Name, text))
	}
	return nil
}

// unknown is what becomes of a Reservation whose site nobody knows.
func (p *plugin) unknown(ctx context.Context, r *capacity.Reservation, refusal error) error {
	switch p.configuration.UnknownSites {
	case allow:
		return nil
	case warn:
		warning.AddWarning(ctx, "", fmt.Sprintf("spec.siteName: %q is not known to be a site of %s", r.Spec.SiteName, topologyv1.GroupName))
		return nil
	}
	return refusal
}

// demand is the Reservation that asks for slots which it did not ask for before, or nil.
func demand(ctx context.Context, a admission.Attributes) (*capacity.Reservation, error) {
	if a.GetResource().Group != capacity.GroupName || a.GetResource().Resource != "reservations" {
		return nil, nil
	}
	switch object := a.GetObject().(type) {
	case *capacity.Reservation:
		if a.GetSubresource() != "" {
			return nil, nil // Only the status changes.
		}
		if old, ok := a.GetOldObject().(*capacity.Reservation); ok && object.Spec.Slots <= old.Spec.Slots {
			return nil, nil
		}
		return object, nil
	case *autoscalingv1.Scale:
		if old, ok := a.GetOldObject().(*autoscalingv1.Scale); ok && object.Spec.Replicas <= old.Spec.Replicas {
			return nil, nil
		}
		// A Scale does not say where.
		scaled, ok := registry.ScaledObject(ctx).(*capacity.Reservation)
		if !ok {
			return nil, apierrors.NewInternalError(fmt.Errorf("%s does not see which Reservation is scaled: got a %T", Name, registry.ScaledObject(ctx)))
		}
		return scaled, nil
	}
	return nil, nil
}

// lack says what a site lacks for a Reservation, or nothing.
func lack(site *topologyv1.Site, r *capacity.Reservation) string {
	if site.Status.Phase == topologyv1.SiteOffline {
		return "is Offline"
	}
	all, kept := site.Spec.Capacity.Slots, site.Spec.Capacity.ReservedSlots
	switch {
	case r.Spec.Slots <= all-kept:
		return ""
	case kept == 0:
		return fmt.Sprintf("has %d slots, and not %d", all, r.Spec.Slots)
	}
	return fmt.Sprintf("has %d slots for Reservations (%d less the %d that it keeps), and not %d", all-kept, all, kept, r.Spec.Slots)
}
