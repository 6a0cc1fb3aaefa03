package framework

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/storage/postgrestest"
)

// storage is where the servers of a control plane made for the run keep their objects.
type storage struct {
	backend string
	dir     string
	server  *postgrestest.Server // nil unless they need one
}

// newStorage starts what servers need for a backend. dir is for files.
func newStorage(ctx context.Context, backend, dir string) (*storage, error) {
	s := &storage{backend: backend, dir: dir}
	if backend != apiserver.StoragePostgres {
		return s, nil
	}
	var err error
	s.server, err = postgrestest.Run(ctx)
	return s, err
}

// flags are those of a server; nil means the control plane's etcd. Each server has a database of its own.
func (s *storage) flags(ctx context.Context, server string) ([]string, error) {
	switch s.backend {
	case apiserver.StorageSQLite:
		return []string{"--storage-backend=" + s.backend, "--data-dir=" + filepath.Join(s.dir, "data")}, nil
	case apiserver.StoragePostgres:
		dsn, err := s.server.NewDatabase(ctx)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(s.dir, server+".dsn")
		if err := os.WriteFile(file, []byte(dsn), 0o600); err != nil {
			return nil, fmt.Errorf("writing how to connect to the database of %s: %w", server, err)
		}
		return []string{"--storage-backend=" + s.backend, "--storage-dsn-file=" + file}, nil
	}
	return nil, nil
}

// close ends what was started.
func (s *storage) close() error {
	if s == nil || s.server == nil {
		return nil
	}
	return s.server.Close()
}
