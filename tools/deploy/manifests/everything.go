package manifests

import (
	"io/fs"
	"strings"
)

// Everything are the ways in which each server can be deployed, for tests: in each overlay as it is, with each component that can be
// added, with all of these at once, and with each storage.
func Everything(files fs.FS) ([]Options, error) {
	overlays, err := Overlays(files)
	if err != nil {
		return nil, err
	}
	var all []Options
	for _, overlay := range overlays {
		for _, server := range Servers() {
			plain := Options{Server: server.Name, Overlay: overlay}
			all = append(all, plain)
			addable, err := Addable(files, overlay, server)
			if err != nil {
				return nil, err
			}
			for _, component := range addable {
				with := plain
				with.Components = []string{component}
				all = append(all, with)
			}
			if len(addable) > 1 {
				with := plain
				with.Components = addable
				all = append(all, with)
			}
			storages, err := Storages(files, server)
			if err != nil {
				return nil, err
			}
			for _, place := range storages {
				with := plain
				with.Storage = place
				all = append(all, with)
			}
		}
	}
	return all, nil
}

// String is what tells options from others: "kind/capacity", "kind/capacity+monitoring", "kind/capacity on etcd".
func (o Options) String() string {
	text := strings.Join(append([]string{o.Overlay + "/" + o.Server}, o.Components...), "+")
	if o.Storage != "" {
		text += " on " + o.Storage
	}
	return text
}
