package history_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apiserver/pkg/storage/cacher"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"

	"example.com/annex/shared/storage/history"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/shared/storage/storagetest"
)

// process is what a server's process has of a database: a store, and maybe a watch cache over it.
type process struct {
	// bare is the store, replica what clients get.
	bare, replica history.Replica
	stop          func()
}

// newProcess makes a store of a database, which is not closed with it.
func newProcess(ctx context.Context, db *sql.Database, cached bool, record sql.SystemOfRecord) (*process, error) {
	json, _ := storagetest.NewCodecs()
	store, err := sql.New(db, sql.Config{
		Codec:          json,
		New:            storagetest.NewPod,
		Prefix:         "/registry",
		ResourcePrefix: storagetest.ResourcePrefix,
		Resource:       storagetest.Resource,
		Transformer:    identity.NewEncryptCheckTransformer(),
		Record:         record,
	})
	if err != nil {
		return nil, err
	}
	p := &process{bare: history.NewReplica(store, db.Compact), stop: func() {}}
	p.replica = p.bare
	if !cached {
		return p, nil
	}
	cache, err := cacher.NewCacherFromConfig(storagetest.NewCacheConfig(store, json))
	if err != nil {
		return nil, err
	}
	delegator := cacher.NewCacheDelegator(cache, store)
	p.stop = func() {
		delegator.Stop()
		cache.Stop()
	}
	if err := cache.Wait(ctx); err != nil {
		p.stop()
		return nil, fmt.Errorf("filling the watch cache: %w", err)
	}
	p.replica = history.NewReplica(delegator, db.Compact)
	return p, nil
}

// options are a server's, in more of a hurry.
func options() sql.Options {
	return sql.Options{
		Timeout:            3 * time.Second,
		CompactionInterval: -1, // Histories compact themselves.
		ProgressInterval:   50 * time.Millisecond,
		PollInterval:       100 * time.Millisecond,
	}
}

// replicas are processes, each with a pool of its own.
type replicas struct {
	databases []*sql.Database
	processes []*process
}

// open makes a replica for each of some options.
func (r *replicas) open(ctx context.Context, cached bool, record func(*sql.Database) (sql.SystemOfRecord, error), all ...sql.Options) error {
	for _, o := range all {
		db, err := sql.Open(ctx, o)
		if err != nil {
			return err
		}
		r.databases = append(r.databases, db)
		var source sql.SystemOfRecord
		if record != nil {
			if source, err = record(db); err != nil {
				return err
			}
		}
		p, err := newProcess(ctx, db, cached, source)
		if err != nil {
			return err
		}
		r.processes = append(r.processes, p)
	}
	return nil
}

func (r *replicas) close() (err error) {
	for _, p := range r.processes {
		p.stop()
	}
	for _, db := range r.databases {
		err = errors.Join(err, db.Close())
	}
	return err
}

// system is what histories are recorded of.
func (r *replicas) system(cached bool, faults ...history.Fault) history.System {
	s := history.System{Cached: cached, Faults: faults}
	for _, p := range r.processes {
		s.Replicas = append(s.Replicas, p.replica)
		s.Witnesses = append(s.Witnesses, p.bare)
	}
	return s
}
