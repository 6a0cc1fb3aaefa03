package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"
)

// plugin has a program generate code
// (https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/compiler/plugin.proto).
func plugin(ctx context.Context, program string, request *pluginpb.CodeGeneratorRequest) ([]*pluginpb.CodeGeneratorResponse_File, error) {
	in, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encoding a request to %s: %w", program, err)
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running %s for %v: %w", program, request.FileToGenerate, err)
	}
	response := &pluginpb.CodeGeneratorResponse{}
	if err := proto.Unmarshal(out, response); err != nil {
		return nil, fmt.Errorf("decoding what %s answered: %w", program, err)
	}
	if response.Error != nil {
		return nil, fmt.Errorf("%s for %v: %w", program, request.FileToGenerate, errors.New(response.GetError()))
	}
	return response.File, nil
}

func write(dir string, files []*pluginpb.CodeGeneratorResponse_File) error {
	for _, file := range files {
		name := filepath.Join(dir, filepath.FromSlash(file.GetName()))
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if err == nil {
			err = os.WriteFile(name, []byte(file.GetContent()), 0o644)
		}
		if err != nil {
			return fmt.Errorf("writing generated code: %w", err)
		}
	}
	return nil
}
