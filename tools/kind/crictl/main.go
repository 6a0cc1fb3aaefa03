// Crictl answers the two questions that kind asks of a node's container runtime: "crictl inspecti IMAGE" and "crictl
// images". It stands in for the program of that name from cri-tools, which no Go module has.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const (
	endpoint = "unix:///run/containerd/containerd.sock"
	timeout  = 10 * time.Second
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "crictl:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	connection, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", endpoint, err)
	}
	defer connection.Close()
	images := runtime.NewImageServiceClient(connection)
	switch {
	case len(args) == 2 && args[0] == "inspecti":
		return inspect(ctx, images, args[1], w)
	case len(args) == 1 && args[0] == "images":
		return list(ctx, images, w)
	}
	return errors.New(`only "inspecti IMAGE" and "images" are known here`)
}

// inspect prints what kind reads of an image: status.id and status.repoTags.
func inspect(ctx context.Context, images runtime.ImageServiceClient, name string, w io.Writer) error {
	response, err := images.ImageStatus(ctx, &runtime.ImageStatusRequest{Image: &runtime.ImageSpec{Image: name}})
	if err != nil {
		return fmt.Errorf("looking for image %s: %w", name, err)
	}
	if response.Image == nil {
		return fmt.Errorf("no such image %q", name)
	}
	return json.NewEncoder(w).Encode(map[string]any{"status": map[string]any{
		"id":          response.Image.Id,
		"repoTags":    response.Image.RepoTags,
		"repoDigests": response.Image.RepoDigests,
	}})
}

func list(ctx context.Context, images runtime.ImageServiceClient, w io.Writer) error {
	response, err := images.ListImages(ctx, &runtime.ListImagesRequest{})
	if err != nil {
		return fmt.Errorf("listing images: %w", err)
	}
	for _, image := range response.Images {
		if _, err := fmt.Fprintln(w, image.Id, image.Size, image.RepoTags); err != nil {
			return err
		}
	}
	return nil
}
