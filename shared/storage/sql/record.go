package sql

// record is the value of a key at some revision.
type record struct {
	key   string
	value []byte
	// rev is the revision of the write. Zero: there is no such key.
	rev int64
	// expires is when the key will be deleted, in milliseconds since 1970; zero: never. Known of current values only.
	expires int64
	// now is when the record was read, by the clock that expires is of.
	now int64
}

// ttl is how many seconds a record has left: at least 1, or 0 if it never expires.
func (r *record) ttl() int64 {
	if r.expires == 0 {
		return 0
	}
	return max(1, (r.expires-r.now+999)/1000)
}
