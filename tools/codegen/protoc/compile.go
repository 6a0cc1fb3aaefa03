package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

// compile makes of .proto files what a plug-in wants to know about them: their descriptors, and those of all that they import.
func compile(ctx context.Context, paths, files []string) (*pluginpb.CodeGeneratorRequest, error) {
	request := &pluginpb.CodeGeneratorRequest{}
	for _, file := range files {
		request.FileToGenerate = append(request.FileToGenerate, importName(paths, file))
	}
	compiler := protocompile.Compiler{
		Resolver: protocompile.CompositeResolver{
			protocompile.ResolverFunc(resolveGogoproto),
			protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: paths}),
		},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	compiled, err := compiler.Compile(ctx, request.FileToGenerate...)
	if err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	seen := map[string]bool{}
	for _, file := range compiled {
		add(request, file, seen)
	}
	return request, nil
}

// add adds the descriptor of a file, after those of its imports: plug-ins rely on the order.
func add(request *pluginpb.CodeGeneratorRequest, file protoreflect.FileDescriptor, seen map[string]bool) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	for i := range file.Imports().Len() {
		add(request, file.Imports().Get(i).FileDescriptor, seen)
	}
	request.ProtoFile = append(request.ProtoFile, protoutil.ProtoFromFileDescriptor(file))
}

// importName is the name by which a file would be imported: its path below the first of the directories that it is in. As with
// protoc, a relative directory has no absolute files.
func importName(paths []string, file string) string {
	for _, path := range paths {
		if relative, err := filepath.Rel(path, file); err == nil && filepath.IsLocal(relative) {
			return filepath.ToSlash(relative)
		}
	}
	return strings.TrimPrefix(filepath.ToSlash(file), "./")
}
