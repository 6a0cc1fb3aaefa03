package apiserver

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/wait"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	encryptionconfigcontroller "k8s.io/apiserver/pkg/server/options/encryptionconfig/controller"
	encryptionconfigmetrics "k8s.io/apiserver/pkg/server/options/encryptionconfig/metrics"
)

// applyEncryption has objects encrypted as --encryption-provider-config says, on databases. With etcd, upstream does the
// same (EtcdOptions.maybeApplyResourceTransformers), but together with health checks of etcd.
func (o *Options) applyEncryption(c *genericapiserver.Config) (err error) {
	file, reload := o.Etcd.EncryptionProviderConfigFilepath, o.Etcd.EncryptionProviderConfigAutomaticReload
	if file == "" {
		return nil
	}
	running := wait.ContextForChannel(c.DrainedNotify())
	transforming, stop := context.WithCancel(running)
	defer func() {
		if err != nil {
			stop()
		}
	}()
	loaded, err := encryptionconfig.LoadEncryptionConfig(transforming, file, reload, c.APIServerID)
	if err != nil {
		return fmt.Errorf("loading --encryption-provider-config=%s: %w", file, err)
	}
	encryptionconfigmetrics.RecordEncryptionConfigLastConfigInfo(c.APIServerID, loaded.EncryptionFileContentHash)
	if !reload {
		c.ResourceTransformers = encryptionconfig.StaticTransformers(loaded.Transformers)
		addEncryptionChecks(c, loaded.HealthChecks...)
		return nil
	}
	if len(loaded.HealthChecks) != 1 {
		return errors.New("with --encryption-provider-config-automatic-reload there is one health check of all providers")
	}
	// It owns the transformers from here on, and stops them.
	transformers := encryptionconfig.NewDynamicTransformers(loaded.Transformers, loaded.HealthChecks[0], stop, loaded.KMSCloseGracePeriod)
	c.ResourceTransformers = transformers
	addEncryptionChecks(c, transformers)
	const name = "encryption-provider-config-automatic-reload"
	return c.AddPostStartHook("start-"+name, func(genericapiserver.PostStartHookContext) error {
		go encryptionconfigcontroller.NewDynamicEncryptionConfiguration(name+"-controller", file, transformers, loaded.EncryptionFileContentHash, c.APIServerID).Run(running)
		return nil
	})
}

// addEncryptionChecks adds checks of key services. A server without one is alive.
func addEncryptionChecks(c *genericapiserver.Config, checks ...healthz.HealthChecker) {
	c.HealthzChecks = append(c.HealthzChecks, checks...)
	c.ReadyzChecks = append(c.ReadyzChecks, checks...)
}
