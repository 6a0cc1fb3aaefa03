package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	topology "example.com/annex/servers/topology/definition"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension"
)

// extend adds the server to the API: the extension's own steps, with kubectl
// where a person would use it.
func (d *demo) extend(ctx context.Context, cancel context.CancelCauseFunc) error {
	d.section("Extending its API")
	program, err := controlplane.FindProgram("capacity", capacityRunfile)
	if err != nil {
		return fmt.Errorf("finding the server: %w", err)
	}
	d.extension, err = extension.New(extension.Options{
		Plane:        d.plane,
		Installation: installation(),
		Program:      program,
		Apply:        d.apply,
	})
	if err != nil {
		return err
	}
	if err := d.step(ctx, "permission", "You may add to the API", func(ctx context.Context) (string, error) {
		_, err := d.runKubectl(ctx, "auth", "can-i", "create", "apiservices.apiregistration.k8s.io")
		return "", err
	}); err != nil {
		return err
	}
	for _, step := range d.extension.Steps() {
		if err := d.step(ctx, step.Name, d.title(step.Name), func(ctx context.Context) (string, error) {
			return "", d.take(ctx, step)
		}); err != nil {
			return err
		}
		switch step.Name {
		case extension.StartServer:
			go d.extension.Server().CancelWhenGone(ctx, cancel)
		case extension.WaitAvailable:
			d.available = time.Since(d.started)
		}
	}
	d.report.say(fmt.Sprintf("    The API is extended, %s after the start.", seconds(time.Since(d.started))))
	if err := d.step(ctx, "topology", "Server topology, in the same steps: Reservations name its Sites", func(ctx context.Context) (string, error) {
		return "", d.installTopology(ctx)
	}); err != nil {
		return err
	}
	go d.sites.Server().CancelWhenGone(ctx, cancel)
	return nil
}

// installTopology takes all steps for another server at once.
func (d *demo) installTopology(ctx context.Context) error {
	program, err := controlplane.FindProgram("topology", topologyRunfile)
	if err != nil {
		return fmt.Errorf("finding the server: %w", err)
	}
	d.sites, err = extension.New(extension.Options{
		Plane:        d.plane,
		Installation: deployment.Installation{Definition: topology.New()},
		Program:      program,
		Apply:        d.apply,
	})
	if err != nil {
		return err
	}
	return d.sites.Install(ctx)
}

// title is what a person reads of a step.
func (d *demo) title(step string) string {
	name := d.extension.Name()
	switch step {
	case extension.CheckAggregator:
		return "The APIService API is there"
	case extension.CreateIdentity:
		return fmt.Sprintf("Namespace %s, ServiceAccount %s", d.extension.Namespace(), name)
	case extension.IssueCertificates:
		return "CA, and a certificate for " + d.extension.ServerName()
	case extension.StoreCertificates:
		return "Secret that keeps them"
	case extension.GrantServerAccess:
		return "ClusterRole and bindings: what the server may do"
	case extension.StartServer:
		return "Server " + name + ", with certificate and ServiceAccount"
	case extension.GrantUserAccess:
		return "ClusterRoles: who may use the new API"
	case extension.RouteService:
		return "Service that leads to the server"
	case extension.RegisterAPIService:
		return "APIService with spec.caBundle"
	case extension.WaitAvailable:
		return "APIService is Available"
	case extension.WaitPublished:
		return "kubectl finds it, and its documentation"
	}
	return step
}

// take takes a step, by kubectl where the extension would do without.
func (d *demo) take(ctx context.Context, step extension.Step) error {
	switch step.Name {
	case extension.CheckAggregator:
		_, err := d.runKubectl(ctx, "get", "--raw", "/apis/apiregistration.k8s.io/v1")
		return err
	case extension.WaitAvailable:
		args := []string{"wait", "--for=condition=Available", "--timeout=60s"}
		for _, name := range d.extension.APIServices() {
			args = append(args, "apiservice/"+name)
		}
		_, err := d.runKubectl(ctx, args...)
		return err
	}
	if err := step.Run(ctx); err != nil {
		return err
	}
	switch step.Name {
	case extension.IssueCertificates:
		d.certificatesByHand()
	case extension.StartServer:
		d.ran(commandLine("kubectl", "create", "token", d.extension.Name(), "--namespace", d.extension.Namespace()) + "  # for the server's kubeconfig")
		command := d.extension.Server().Command()
		d.ran(longCommandLine(command.Path, command.Args...))
	case extension.WaitPublished:
		for _, version := range installation().Definition.GroupVersions() {
			d.ran(commandLine("kubectl", "api-resources", "--api-group="+version.Group))
			d.ran(commandLine("kubectl", "get", "--raw", "/openapi/v3/apis/"+version.String()))
		}
	}
	return nil
}

// apply applies objects by kubectl, from a manifest that can be read after.
func (d *demo) apply(ctx context.Context, step string, objects ...runtime.Object) error {
	manifest := d.manifest(step)
	if err := writeManifest(manifest, objects); err != nil {
		return err
	}
	_, err := d.runKubectl(ctx, "apply", "--server-side", "-f", manifest)
	return err
}

// certificatesByHand is for those who have no CA of their own at hand.
func (d *demo) certificatesByHand() {
	key := []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"}
	name := d.extension.ServerName()
	ca := append([]string{"req", "-x509"}, key...)
	ca = append(ca, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN="+d.extension.Name()+"-ca", "-days", "3650")
	leaf := append([]string{"req", "-x509", "-CA", "ca.crt", "-CAkey", "ca.key"}, key...)
	leaf = append(leaf, "-keyout", "tls.key", "-out", "tls.crt", "-subj", "/CN="+name, "-days", "365",
		"-addext", strings.Join([]string{"subjectAltName=DNS:" + name, "DNS:" + name + ".cluster.local"}, ","),
		"-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
	d.ran(commandLine("openssl", ca...))
	d.ran(commandLine("openssl", leaf...))
}
