package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const (
	// directory is where containerd looks for CNI configurations.
	directory = "/etc/cni/net.d"
	file      = "10-kindnet.conflist"
)

// configuration is what connects Pods of a node to it, in the format of the CNI specification 0.3.1: a pair of devices
// with addresses from the node's share, and ports of the node that lead to Pods.
func configuration(podCIDR string) ([]byte, error) {
	type object = map[string]any
	return json.Marshal(object{
		"cniVersion": "0.3.1",
		"name":       "kindnet",
		"plugins": []object{
			{
				"type": "ptp",
				"ipam": object{
					"type":    "host-local",
					"dataDir": "/run/cni-ipam-state",
					"routes":  []object{{"dst": "0.0.0.0/0"}},
					"ranges":  [][]object{{{"subnet": podCIDR}}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	})
}

// writeConfiguration writes the file in one step, if it is not there yet as it should be.
func writeConfiguration(dir, podCIDR string) error {
	want, err := configuration(podCIDR)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, file)
	if has, err := os.ReadFile(path); err == nil && bytes.Equal(has, want) {
		return nil
	}
	part := filepath.Join(dir, "."+file)
	if err := os.WriteFile(part, want, 0o644); err != nil {
		return fmt.Errorf("writing the CNI configuration: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("writing the CNI configuration: %w", err)
	}
	return nil
}
