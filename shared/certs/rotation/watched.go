package rotation

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	coreinformers "k8s.io/client-go/informers/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	registrationinformers "k8s.io/kube-aggregator/pkg/client/informers/externalversions/apiregistration/v1"
	registrationlisters "k8s.io/kube-aggregator/pkg/client/listers/apiregistration/v1"
)

// watched is what this replica has seen last of the Secret and of the APIServices.
type watched struct {
	secrets     corelisters.SecretLister
	apiServices registrationlisters.APIServiceLister
}

// resync is how often all is looked at again, though nothing seems to have changed.
const resync = 10 * time.Minute

// watch follows the Secret and the APIServices, and calls changed after each event. It returns when both are known, or the
// context has ended; stop waits until nothing of it runs.
func (c *Controller) watch(ctx context.Context, changed func()) (_ *watched, stop func(), _ error) {
	ctx, cancel := context.WithCancel(ctx)
	secrets := coreinformers.NewFilteredSecretInformer(c.kubernetes, c.options.Namespace, resync, cache.Indexers{}, func(o *metav1.ListOptions) {
		// The server's rights are about this Secret only.
		o.FieldSelector = fields.OneTermEqualSelector("metadata.name", c.options.Secret).String()
	})
	apiServices := registrationinformers.NewAPIServiceInformer(c.aggregator, resync, cache.Indexers{})
	w := &watched{
		secrets:     corelisters.NewSecretLister(secrets.GetIndexer()),
		apiServices: registrationlisters.NewAPIServiceLister(apiServices.GetIndexer()),
	}
	var running []<-chan struct{}
	stop = func() {
		cancel()
		for _, done := range running {
			<-done
		}
	}
	for _, informer := range []cache.SharedIndexInformer{secrets, apiServices} {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { changed() },
			UpdateFunc: func(any, any) { changed() },
			DeleteFunc: func(any) { changed() },
		}); err != nil {
			stop()
			return nil, nil, fmt.Errorf("watching the Secret and the APIServices: %w", err)
		}
		done := make(chan struct{})
		running = append(running, done)
		go func() {
			defer close(done)
			informer.RunWithContext(ctx)
		}()
	}
	cache.WaitForCacheSync(ctx.Done(), secrets.HasSynced, apiServices.HasSynced)
	return w, stop, nil
}
