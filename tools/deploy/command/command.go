package command

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"example.com/annex/deploy"
	"example.com/annex/shared/version"
	"example.com/annex/tools/annex/cluster"
	"example.com/annex/tools/deploy/apply"
	"example.com/annex/tools/deploy/manifests"
)

// options are what the flags say.
type options struct {
	manifests.Options
	cluster     *cluster.Cluster
	servers     []string
	imagePrefix string
	tag         string
	digestFile  string
	address     string
	apiServers  []string
	apply       bool
	applying    apply.Options
	timeout     time.Duration
}

// New is the command, under a name, for a cluster whose flags the caller adds.
func New(name string, c *cluster.Cluster) *cobra.Command {
	o := options{cluster: c}
	command := &cobra.Command{
		Use:   name + " [SERVER]...",
		Short: "Print the manifests of aggregated API servers, or apply them.",
		Long: `Prints the manifests of servers, of all of them or of those that are named, as kubectl kustomize deploy/overlays/OVERLAY/SERVER does,
with what flags add. With --apply it applies them instead, server by server:

  1. the namespace and the priority class
  2. the ServiceAccount and its rights
  3. Service, Secrets and all else that the server needs
  4. the Deployment; then it waits until that is rolled out
  5. the APIServices; then it waits until they are Available

It can be run again, with a new image or other flags. What is in the cluster and no longer in the manifests stays there.`,
		Example: `  ` + name + ` --overlay=kind capacity
  ` + name + ` --overlay=kind --apply
  ` + name + ` --overlay=local --address=172.18.0.1:8443 --apply capacity
  ` + name + ` --overlay=production --digest-file=images.txt --component=monitoring --apply`,
		Version: version.Long(),
		RunE: func(command *cobra.Command, args []string) error {
			o.servers = args
			return o.run(command)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.Overlay, "overlay", "kind", "which overlay: local, kind or production")
	flags.StringSliceVar(&o.Components, "component", nil, "add a component to the overlay: a directory of deploy/components, other than storage; can be repeated")
	flags.StringVar(&o.Storage, "storage", "", "where objects are kept, instead of what the overlay says: sqlite, postgresql or etcd")
	flags.StringVar(&o.imagePrefix, "image-prefix", "", "the images are PREFIX/SERVER: --prefix of the push")
	flags.StringVar(&o.tag, "tag", "", "the images' tag")
	flags.StringVar(&o.digestFile, "digest-file", "", "what the push has printed: a line REPOSITORY/SERVER@DIGEST for each image")
	flags.StringVar(&o.address, "address", "", "IP:PORT, where a server that runs outside of the cluster listens, with --overlay=local")
	flags.StringSliceVar(&o.apiServers, "api-server-cidr", nil, "addresses that kube-apiserver calls from, IP/BITS: a NetworkPolicy lets nobody else in; can be repeated")
	flags.BoolVar(&o.apply, "apply", false, "apply, and do not print")
	flags.BoolVar(&o.applying.DryRun, "dry-run", false, "with --apply, have kube-apiserver check everything and store nothing")
	flags.BoolVar(&o.applying.Force, "force-conflicts", false, "with --apply, take over fields that others have set")
	flags.BoolVar(&o.applying.Wait, "wait", true, "with --apply, wait until the server works")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "with --apply, how long all of it may take")
	command.MarkFlagsMutuallyExclusive("digest-file", "image-prefix")
	command.MarkFlagsMutuallyExclusive("digest-file", "tag")
	return command
}

func (o *options) run(command *cobra.Command) error {
	rendered, err := o.render()
	if err != nil {
		return err
	}
	if !o.apply {
		for _, objects := range rendered {
			for _, object := range objects {
				document, err := yaml.Marshal(object.Object)
				if err != nil {
					return fmt.Errorf("printing %s %s: %w", object.GetKind(), object.GetName(), err)
				}
				if _, err := fmt.Fprintf(command.OutOrStdout(), "---\n%s", document); err != nil {
					return fmt.Errorf("printing: %w", err)
				}
			}
		}
		return nil
	}
	if err := o.complete(); err != nil {
		return err
	}
	config, err := o.cluster.Config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(command.Context(), o.timeout, fmt.Errorf("given up after --timeout=%s", o.timeout))
	defer cancel()
	o.applying.Progress = command.OutOrStdout()
	for _, objects := range rendered {
		if err := apply.Run(ctx, config, objects, o.applying); err != nil {
			return err
		}
	}
	return nil
}

// complete says what must be known before something is applied.
func (o *options) complete() error {
	switch {
	case o.Overlay == "local" && o.address == "":
		return errors.New("where does the server listen? Say --address=IP:PORT, an address of this machine that the cluster reaches")
	case o.Overlay == "production" && o.digestFile == "" && (o.tag == "" || o.imagePrefix == ""):
		return errors.New("which images? Say --digest-file=FILE, with what the push has printed, or --image-prefix and --tag")
	}
	return nil
}

// render renders each server.
func (o *options) render() ([][]unstructured.Unstructured, error) {
	servers, err := manifests.Named(o.servers...)
	if err != nil {
		return nil, err
	}
	if o.address != "" {
		if o.Overlay != "local" || len(servers) != 1 {
			return nil, errors.New("--address is of one server, with --overlay=local")
		}
		if o.Address, err = netip.ParseAddrPort(o.address); err != nil {
			return nil, fmt.Errorf("--address: %w", err)
		}
	}
	for _, cidr := range o.apiServers {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			return nil, fmt.Errorf("--api-server-cidr: %w", err)
		}
		o.APIServers = append(o.APIServers, prefix)
	}
	var digests map[string]manifests.Image
	if o.digestFile != "" {
		content, err := os.ReadFile(o.digestFile)
		if err != nil {
			return nil, fmt.Errorf("--digest-file: %w", err)
		}
		if digests, err = images(string(content)); err != nil {
			return nil, fmt.Errorf("--digest-file=%s: %w", o.digestFile, err)
		}
	}
	var rendered [][]unstructured.Unstructured
	for _, server := range servers {
		options := o.Options
		options.Server = server.Name
		switch image, ok := digests[server.Name]; {
		case ok:
			options.Image = image
		case digests != nil:
			return nil, fmt.Errorf("--digest-file=%s: it has no image of %s", o.digestFile, server.Name)
		default:
			options.Image.Tag = o.tag
			if o.imagePrefix != "" {
				options.Image.Name = o.imagePrefix + "/" + server.Name
			}
		}
		objects, err := manifests.Render(deploy.Files, options)
		if err != nil {
			return nil, err
		}
		rendered = append(rendered, objects)
	}
	return rendered, nil
}
