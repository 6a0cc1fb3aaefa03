// Package extension adds an aggregated API server, running as a process of this
// machine, to a control plane: what a person does to extend a cluster's API, one
// step at a time.
//
//	capacity, err := extension.New(extension.Options{
//		Plane:        plane,
//		Installation: deployment.Installation{Definition: definition.New()},
//		Program:      "/path/to/capacity",
//	})
//	if err != nil {
//		return err
//	}
//	defer capacity.Stop(ctx)
//	err = capacity.Install(ctx)
//
// Install takes all [Extension.Steps] in turn; whoever wants to say what
// happens takes them himself. The objects are those that the installation
// derives from the server's Definition: only the Service differs from a cluster
// with nodes, because it leads to a process and not to Pods.
package extension
