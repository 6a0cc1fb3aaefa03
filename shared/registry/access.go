package registry

import "k8s.io/apiserver/pkg/registry/rest"

// accessTo derives from the interfaces of a storage, of which it looks at the type alone, which verbs it serves, as
// k8s.io/apiserver does when it installs it (pkg/endpoints/installer.go). Those that only read are for the role view.
func accessTo(storage rest.Storage) Access {
	var a Access
	_, getter := storage.(rest.Getter)
	_, lister := storage.(rest.Lister)
	_, watcher := storage.(rest.Watcher)
	_, creater := storage.(rest.Creater)
	_, updater := storage.(rest.Updater)
	_, patcher := storage.(rest.Patcher)
	_, deleter := storage.(rest.GracefulDeleter)
	_, collectionDeleter := storage.(rest.CollectionDeleter)
	for _, verb := range []struct {
		name   string
		served bool
		role   *[]string
	}{
		{"get", getter, &a.View},
		{"list", lister, &a.View},
		{"watch", watcher, &a.View},
		{"create", creater, &a.Edit},
		{"update", updater, &a.Edit},
		{"patch", patcher, &a.Edit},
		{"delete", deleter, &a.Edit},
		{"deletecollection", collectionDeleter, &a.Edit},
	} {
		if verb.served {
			*verb.role = append(*verb.role, verb.name)
		}
	}
	return a
}
