package rotation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// reconcile adopts what the Secret says, puts its bundle into the APIServices, and moves on when it is time. It returns when
// to be called again at the latest.
func (c *Controller) reconcile(ctx context.Context, w *watched) (due time.Time, _ error) {
	now := c.options.Now()
	secret, err := w.secrets.Secrets(c.options.Namespace).Get(c.options.Secret)
	if err != nil {
		return now, c.explain(err)
	}
	if Empty(secret) {
		// Somebody deleted it, and applied the manifests again. What is served is still good, and so is what caBundle says: it is
		// put back.
		if err := c.write(ctx, secret, c.content.current()); err != nil && !overtaken(err) {
			return now, err
		}
		return now.Add(resync), nil // The watch tells.
	}
	state, err := Decode(secret, c.options)
	if err != nil {
		return now, err
	}
	if c.content.set(state) {
		klog.FromContext(ctx).Info("Took over certificates", "secret", klog.KObj(secret), "resourceVersion", secret.ResourceVersion)
	}
	placed, placeErr := c.place(ctx, w, state, secret.ResourceVersion)
	var elapsed time.Duration // What needs no bundle, as to renew the serving certificate, is done where it can't be placed, too.
	switch {
	case !placed:
		c.placedSince = time.Time{}
	case c.placedSince.IsZero() || c.placedBundle != string(state.Bundle()):
		c.placedSince, c.placedBundle = now, string(state.Bundle())
	default:
		elapsed = now.Sub(c.placedSince)
	}
	next, done, err := state.Step(c.options, elapsed)
	if err != nil {
		return now, errors.Join(err, placeErr)
	}
	if next == state {
		return state.Due(c.options, c.placedSince), placeErr
	}
	switch err := c.write(ctx, secret, next); {
	case overtaken(err):
		return now.Add(resync), nil // The watch tells.
	case err != nil:
		return now, err
	}
	klog.FromContext(ctx).Info("Rotated certificates", "secret", klog.KObj(secret), "what", done)
	return now.Add(resync), nil
}

// overtaken tells of a write that another replica, or whoever deleted the object, was faster than.
func overtaken(err error) bool { return apierrors.IsConflict(err) || apierrors.IsNotFound(err) }

// place puts the bundle into every APIService that has another. It returns true when all have it, as far as this replica has
// seen; else the watch will tell of what comes.
func (c *Controller) place(ctx context.Context, w *watched, state *State, version string) (bool, error) {
	var wrong []*apiregistrationv1.APIService
	for _, name := range c.options.APIServices {
		apiService, err := w.apiServices.Get(name)
		switch {
		case apierrors.IsNotFound(err):
			continue // Not installed, or uninstalled: nobody to be verified by.
		case err != nil:
			return false, err
		case !c.leadsHere(apiService):
			continue
		case !bytes.Equal(apiService.Spec.CABundle, state.Bundle()) || apiService.Spec.InsecureSkipTLSVerify:
			wrong = append(wrong, apiService)
		}
	}
	if len(wrong) == 0 {
		return true, nil
	}
	// A replica whose watch is behind must not take back what another has written.
	secret, err := c.kubernetes.CoreV1().Secrets(c.options.Namespace).Get(ctx, c.options.Secret, metav1.GetOptions{})
	if err != nil {
		return false, fmt.Errorf("reading Secret %s/%s: %w", c.options.Namespace, c.options.Secret, err)
	}
	if secret.ResourceVersion != version {
		return false, nil
	}
	var errs []error
	for _, apiService := range wrong {
		errs = append(errs, c.patch(ctx, apiService, state.Bundle()))
	}
	return false, errors.Join(errs...)
}

// leadsHere tells whether requests for an APIService come to this server.
func (c *Controller) leadsHere(apiService *apiregistrationv1.APIService) bool {
	service := apiService.Spec.Service
	return service != nil && service.Namespace == c.options.Namespace && service.Name == c.options.Service
}

// patch repairs an APIService, unless it has changed since this replica saw it.
func (c *Controller) patch(ctx context.Context, apiService *apiregistrationv1.APIService, bundle []byte) error {
	logger := klog.FromContext(ctx).WithValues("apiService", apiService.Name)
	spec := map[string]any{"caBundle": bundle}
	if apiService.Spec.InsecureSkipTLSVerify {
		logger.Error(nil, "insecureSkipTLSVerify was set: kube-apiserver would have passed requests on to anybody who answers. It is taken out; look who set it")
		spec["insecureSkipTLSVerify"] = nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": apiService.ResourceVersion}, "spec": spec})
	if err != nil {
		return fmt.Errorf("encoding spec.caBundle of APIService %s: %w", apiService.Name, err)
	}
	_, err = c.aggregator.ApiregistrationV1().APIServices().Patch(ctx, apiService.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	switch {
	case overtaken(err):
		return nil // The watch tells.
	case err != nil:
		return fmt.Errorf("setting spec.caBundle of APIService %s: %w", apiService.Name, err)
	}
	logger.Info("Set spec.caBundle", "certificates", bytes.Count(bundle, []byte("BEGIN CERTIFICATE")))
	return nil
}
