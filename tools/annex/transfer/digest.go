package transfer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
)

// Resource is all that is stored of one resource.
type Resource struct {
	// Name is resource.group.
	Name    string `json:"name"`
	Objects int    `json:"objects"`
	// Bytes is the size of what is stored, keys left out.
	Bytes int64 `json:"bytes"`
	// SHA256 is of keys and bytes, in the order of keys.
	SHA256 string `json:"sha256"`
}

// digest sums objects up by resource.
type digest struct {
	prefix string
	sums   map[string]*sum
}

type sum struct {
	objects int
	bytes   int64
	hash    hash.Hash
}

func newDigest(prefix string) *digest {
	return &digest{prefix: directory(prefix), sums: map[string]*sum{}}
}

func (d *digest) yield(object Object) error {
	d.add(object)
	return nil
}

func (d *digest) add(object Object) {
	name := d.resource(object.Key)
	s := d.sums[name]
	if s == nil {
		s = &sum{hash: sha256.New()}
		d.sums[name] = s
	}
	s.objects++
	s.bytes += int64(len(object.Value))
	for _, part := range [][]byte{[]byte(object.Key), object.Value} {
		// With lengths, so that no two lists of objects are the same bytes. A hash never fails.
		_ = binary.Write(s.hash, binary.BigEndian, uint64(len(part)))
		_, _ = s.hash.Write(part)
	}
}

// resource is the resource of a key: prefix/group/resource/..., or what is left of that if the prefix has a part of it.
func (d *digest) resource(key string) string {
	parts := strings.Split(strings.TrimPrefix(key, d.prefix), "/")
	if len(parts) >= 3 && strings.Contains(parts[0], ".") {
		return parts[1] + "." + parts[0]
	}
	return parts[0]
}

func (d *digest) resources() []Resource {
	all := []Resource{}
	for _, name := range slices.Sorted(maps.Keys(d.sums)) {
		s := d.sums[name]
		all = append(all, Resource{Name: name, Objects: s.objects, Bytes: s.bytes, SHA256: hex.EncodeToString(s.hash.Sum(nil))})
	}
	return all
}

// compare names every resource that is not the same.
func compare(source, target *digest) error {
	one, other := map[string]Resource{}, map[string]Resource{}
	for _, r := range source.resources() {
		one[r.Name] = r
	}
	for _, r := range target.resources() {
		other[r.Name] = r
	}
	names := maps.Clone(one)
	maps.Copy(names, other)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a, b := one[name], other[name]; a != b {
			errs = append(errs, fmt.Errorf("%s: %d objects with hash %.12s, and %d with %.12s", name, a.Objects, a.SHA256, b.Objects, b.SHA256))
		}
	}
	return errors.Join(errs...)
}
