package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/bufbuild/protocompile"
	_ "github.com/gogo/protobuf/gogoproto" // registers its descriptor
	gogo "github.com/gogo/protobuf/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// gogoprotoFile is by which name go-to-protobuf imports the options that say how Go code is to look.
const gogoprotoFile = "github.com/gogo/protobuf/gogoproto/gogo.proto"

// Names that gogo/protobuf has registered without their directories.
const (
	registeredGogoproto  = "gogo.proto"
	registeredDescriptor = "descriptor.proto"
)

// resolveGogoproto resolves the import of gogoprotoFile, from what is linked into this program: sources of Go modules, as Bazel has
// them, are only their Go files.
func resolveGogoproto(path string) (protocompile.SearchResult, error) {
	if path != gogoprotoFile {
		return protocompile.SearchResult{}, protoregistry.NotFound
	}
	descriptor, err := registered(registeredGogoproto)
	if err != nil {
		return protocompile.SearchResult{}, fmt.Errorf("reading the descriptor of %s: %w", path, err)
	}
	descriptor.Name = proto.String(path)
	for i, dependency := range descriptor.Dependency {
		if dependency == registeredDescriptor {
			descriptor.Dependency[i] = "google/protobuf/descriptor.proto"
		}
	}
	return protocompile.SearchResult{Proto: descriptor}, nil
}

func registered(name string) (*descriptorpb.FileDescriptorProto, error) {
	reader, err := gzip.NewReader(bytes.NewReader(gogo.FileDescriptor(name)))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	descriptor := &descriptorpb.FileDescriptorProto{}
	return descriptor, proto.Unmarshal(content, descriptor)
}
