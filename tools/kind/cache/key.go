package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// Key hashes what an entry is made from.
type Key struct {
	parts []byte
}

// Add adds words, in an order that matters.
func (k *Key) Add(words ...string) {
	for _, word := range words {
		k.parts = fmt.Appendf(k.parts, "%q\n", word)
	}
}

// AddFile adds the content of a file.
func (k *Key) AddFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("hashing: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return fmt.Errorf("hashing %s: %w", path, err)
	}
	k.Add(hex.EncodeToString(hash.Sum(nil)))
	return nil
}

// String is short enough for a file name.
func (k *Key) String() string {
	sum := sha256.Sum256(k.parts)
	return hex.EncodeToString(sum[:8])
}
