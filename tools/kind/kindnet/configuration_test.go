package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, file)
	for _, podCIDR := range []string{"10.244.0.0/24", "10.244.1.0/24"} {
		if err := writeConfiguration(dir, podCIDR); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			CNIVersion string `json:"cniVersion"`
			Plugins    []struct {
				Type string
				IPAM struct{ Ranges [][]struct{ Subnet string } }
			}
		}
		if err := json.Unmarshal(content, &list); err != nil {
			t.Fatal(err)
		}
		if list.CNIVersion != "0.3.1" || len(list.Plugins) != 2 || list.Plugins[0].IPAM.Ranges[0][0].Subnet != podCIDR {
			t.Errorf("unexpected configuration for %s: %s", podCIDR, content)
		}
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeConfiguration(dir, "10.244.1.0/24"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("a file that is as it should be was written again: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("there is more than the file: %v, %v", entries, err)
	}
}
