package transfer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

const (
	// etcdUnfinishedKey is no key of an object: these begin with a slash.
	etcdUnfinishedKey = "annex.unfinished"

	// etcdTimeout limits one request to etcd.
	etcdTimeout = 30 * time.Second

	// etcdPage is how many objects are read at once.
	etcdPage = 500

	// etcd's own limits of one request are 128 operations and 1.5 MiB (https://etcd.io/docs/v3.6/dev-guide/limit/).
	etcdTransaction, etcdTransactionBytes = 100, 1 << 20

	// maxEtcdLag is how many revisions etcd may be behind what is copied into it: each of them takes a write. This many take
	// minutes.
	maxEtcdLag = 1 << 20

	// etcdWriters is how many of these are under way at once.
	etcdWriters = 64
)

// etcd is a Place.
type etcd struct {
	client    *clientv3.Client
	endpoints []string
}

func openEtcd(ctx context.Context, endpoints []string, files TLS) (Place, error) {
	config := clientv3.Config{Endpoints: endpoints, DialTimeout: etcdTimeout}
	if strings.HasPrefix(endpoints[0], "https:") {
		secure, err := tlsConfig(files)
		if err != nil {
			return nil, err
		}
		config.TLS = secure
	}
	client, err := clientv3.New(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of etcd: %w", err)
	}
	e := &etcd{client: client, endpoints: endpoints}
	if _, err := e.Revision(ctx); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return e, nil
}

func tlsConfig(files TLS) (*tls.Config, error) {
	config, err := transport.TLSInfo{CertFile: files.Certificate, KeyFile: files.Key, TrustedCAFile: files.CA}.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the certificates for etcd: %w", err)
	}
	return config, nil
}

func (e *etcd) String() string { return "etcd " + strings.Join(e.endpoints, ",") }

func (e *etcd) Close() error { return e.client.Close() }

// get reads, within etcdTimeout.
func (e *etcd) get(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, etcdTimeout)
	defer cancel()
	response, err := e.client.Get(ctx, key, options...)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", e, err)
	}
	return response, nil
}

func (e *etcd) Revision(ctx context.Context) (int64, error) {
	response, err := e.get(ctx, etcdUnfinishedKey, clientv3.WithCountOnly())
	if err != nil {
		return 0, err
	}
	return response.Header.Revision, nil
}

func (e *etcd) Scan(ctx context.Context, prefix string, yield func(Object) error) (revision int64, err error) {
	from, end := directory(prefix), clientv3.GetPrefixRangeEnd(directory(prefix))
	for {
		options := []clientv3.OpOption{clientv3.WithRange(end), clientv3.WithLimit(etcdPage)}
		if revision != 0 {
			options = append(options, clientv3.WithRev(revision))
		}
		response, err := e.get(ctx, from, options...)
		if err != nil {
			return 0, err
		}
		if revision == 0 {
			revision = response.Header.Revision
		}
		objects, err := e.objects(ctx, response)
		if err != nil {
			return 0, err
		}
		for _, object := range objects {
			if err := yield(object); err != nil {
				return 0, err
			}
			from = object.Key + "\x00"
		}
		if !response.More {
			return revision, nil
		}
	}
}

// objects are those of a response. When those with a lease will expire is asked for.
func (e *etcd) objects(ctx context.Context, response *clientv3.GetResponse) ([]Object, error) {
	objects := make([]Object, 0, len(response.Kvs))
	for _, kv := range response.Kvs {
		object := Object{Key: string(kv.Key), Value: kv.Value, Revision: kv.ModRevision}
		if kv.Lease != 0 {
			asking, cancel := context.WithTimeout(ctx, etcdTimeout)
			lease, err := e.client.TimeToLive(asking, clientv3.LeaseID(kv.Lease))
			cancel()
			if err != nil {
				return nil, fmt.Errorf("asking %s when %s expires: %w", e, kv.Key, err)
			}
			object.Expires = time.Now().Add(time.Duration(max(lease.TTL, 0)) * time.Second).UnixMilli()
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func (e *etcd) Between(ctx context.Context, above, upTo string) ([]Object, error) {
	var all []Object
	from := above + "\x00"
	for {
		response, err := e.get(ctx, from, clientv3.WithRange(upTo+"\x00"), clientv3.WithLimit(etcdPage))
		if err != nil {
			return nil, err
		}
		objects, err := e.objects(ctx, response)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
		if !response.More {
			return all, nil
		}
		from = objects[len(objects)-1].Key + "\x00"
	}
}

func (e *etcd) Unfinished(ctx context.Context) (string, error) {
	response, err := e.get(ctx, etcdUnfinishedKey)
	if err != nil || len(response.Kvs) == 0 {
		return "", err
	}
	return string(response.Kvs[0].Value), nil
}

func (e *etcd) Begin(ctx context.Context, what string) error {
	_, err := e.note(ctx, what)
	return err
}

// note writes what is being done, and returns the revision of that.
func (e *etcd) note(ctx context.Context, what string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, etcdTimeout)
	defer cancel()
	response, err := e.client.Put(ctx, etcdUnfinishedKey, what)
	if err != nil {
		return 0, fmt.Errorf("writing %s: %w", e, err)
	}
	return response.Header.Revision, nil
}

// Write stores objects in a few transactions. Revisions are etcd's to give.
func (e *etcd) Write(ctx context.Context, objects []Object, deletions []string) error {
	var operations []clientv3.Op
	size := 0
	commit := func() error {
		if len(operations) == 0 {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, etcdTimeout)
		defer cancel()
		if _, err := e.client.Txn(ctx).Then(operations...).Commit(); err != nil {
			return fmt.Errorf("writing %s: %w", e, err)
		}
		operations, size = nil, 0
		return nil
	}
	for _, object := range objects {
		if len(operations) == etcdTransaction || size+len(object.Value) > etcdTransactionBytes {
			if err := commit(); err != nil {
				return err
			}
		}
		var options []clientv3.OpOption
		if object.Expires != 0 {
			seconds := max(1, int64(time.Until(time.UnixMilli(object.Expires))/time.Second))
			granting, cancel := context.WithTimeout(ctx, etcdTimeout)
			lease, err := e.client.Grant(granting, seconds)
			cancel()
			if err != nil {
				return fmt.Errorf("having %s expire in %s: %w", object.Key, e, err)
			}
			options = append(options, clientv3.WithLease(lease.ID))
		}
		operations = append(operations, clientv3.OpPut(object.Key, string(object.Value), options...))
		size += len(object.Key) + len(object.Value)
	}
	for _, key := range deletions {
		if len(operations) == etcdTransaction {
			if err := commit(); err != nil {
				return err
			}
		}
		operations = append(operations, clientv3.OpDelete(key))
	}
	return commit()
}

// Finish writes until etcd's revision is above the other, and compacts: servers of other prefixes keep their watches, if these
// are in step. What is stored has revisions of this etcd in any case.
func (e *etcd) Finish(ctx context.Context, above int64, _ string) (int64, error) {
	own, err := e.Revision(ctx)
	if err != nil {
		return 0, err
	}
	what, err := e.Unfinished(ctx)
	if err != nil {
		return 0, err
	}
	if lag := above - own; lag > 0 {
		if lag > maxEtcdLag {
			return 0, fmt.Errorf("%s is at revision %d, and what was copied at %d: resourceVersions would go backwards. Restore etcd from a snapshot of its own with etcdutl snapshot restore --bump-revision=%d --mark-compacted, and resume the copy",
				e, own, above, lag)
		}
		writers, ctx := errgroup.WithContext(ctx)
		writers.SetLimit(etcdWriters)
		for range lag {
			writers.Go(func() error { return e.Begin(ctx, what) })
		}
		if err := writers.Wait(); err != nil {
			return 0, err
		}
	}
	last, err := e.note(ctx, what)
	if err != nil {
		return 0, err
	}
	if err := e.compact(ctx, last); err != nil {
		return 0, err
	}
	// The note goes last: what fails before is done again by --resume.
	ctx, cancel := context.WithTimeout(ctx, etcdTimeout)
	defer cancel()
	deleted, err := e.client.Delete(ctx, etcdUnfinishedKey)
	if err != nil {
		return 0, fmt.Errorf("writing %s: %w", e, err)
	}
	return deleted.Header.Revision, nil
}

func (e *etcd) compact(ctx context.Context, revision int64) error {
	ctx, cancel := context.WithTimeout(ctx, etcdTimeout)
	defer cancel()
	if _, err := e.client.Compact(ctx, revision); err != nil {
		return fmt.Errorf("compacting %s: %w", e, err)
	}
	return nil
}

func directory(prefix string) string { return strings.TrimSuffix(prefix, "/") + "/" }
