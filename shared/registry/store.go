package registry

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"example.com/annex/shared/storage/external"
)

// resourceStore is the generic store with the names that discovery shows.
type resourceStore struct {
	*genericregistry.Store
	shortNames, categories []string
	// tries says that the storage itself tries what is a dry run.
	tries bool
}

var (
	_ rest.StandardStorage    = &resourceStore{}
	_ rest.ShortNamesProvider = &resourceStore{}
	_ rest.CategoriesProvider = &resourceStore{}
)

// ShortNames are the abbreviations shown in discovery.
func (r *resourceStore) ShortNames() []string { return r.shortNames }

// Categories are the categories shown in discovery.
func (r *resourceStore) Categories() []string { return r.categories }

// Create creates an object.
func (r *resourceStore) Create(ctx context.Context, obj runtime.Object, createValidation rest.ValidateObjectFunc, options *metav1.CreateOptions) (runtime.Object, error) {
	if r.tries && len(options.DryRun) > 0 {
		options = options.DeepCopy()
		options.DryRun = nil
		ctx = external.TryOnly(ctx)
	}
	return r.Store.Create(ctx, obj, createValidation, options)
}

// Update changes an object.
func (r *resourceStore) Update(ctx context.Context, name string, objInfo rest.UpdatedObjectInfo, createValidation rest.ValidateObjectFunc, updateValidation rest.ValidateObjectUpdateFunc, forceAllowCreate bool, options *metav1.UpdateOptions) (runtime.Object, bool, error) {
	ctx, options = tried(ctx, r.tries, options)
	return r.Store.Update(ctx, name, objInfo, createValidation, updateValidation, forceAllowCreate, options)
}

// tried has a dry run of an update go on to the storage, if that tries it: it knows more of what is valid than the strategy does.
// A dry run of a deletion is upstream's: it is made of several steps, which don't see what those before would have done.
func tried(ctx context.Context, tries bool, options *metav1.UpdateOptions) (context.Context, *metav1.UpdateOptions) {
	if !tries || len(options.DryRun) == 0 {
		return ctx, options
	}
	options = options.DeepCopy()
	options.DryRun = nil
	return external.TryOnly(ctx), options
}

// GenericStore is upstream's store that all of this stands on, for tests that look behind the strategy.
func (r *resourceStore) GenericStore() *genericregistry.Store { return r.Store }

// statusStore serves get, update and patch of the status subresource on the resource's own storage.
type statusStore struct {
	store *genericregistry.Store
	tries bool
}

var (
	_ rest.Patcher             = &statusStore{}
	_ rest.ResetFieldsStrategy = &statusStore{}
	_ rest.TableConvertor      = &statusStore{}
)

func newStatusStore(store *genericregistry.Store, strategy interface {
	rest.RESTUpdateStrategy
	rest.ResetFieldsStrategy
}, tries bool) *statusStore {
	status := *store
	status.CreateStrategy = nil
	status.UpdateStrategy = strategy
	status.ResetFieldsStrategy = strategy
	return &statusStore{store: &status, tries: tries}
}

// New returns an empty object of the resource.
func (s *statusStore) New() runtime.Object { return s.store.New() }

// Destroy does nothing: the storage belongs to the resource, which destroys it.
func (s *statusStore) Destroy() {}

// Get reads the object, not only its status.
func (s *statusStore) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	return s.store.Get(ctx, name, options)
}

// Update changes the status of an existing object; it never creates one.
func (s *statusStore) Update(ctx context.Context, name string, objInfo rest.UpdatedObjectInfo, createValidation rest.ValidateObjectFunc, updateValidation rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions) (runtime.Object, bool, error) {
	ctx, options = tried(ctx, s.tries, options)
	return s.store.Update(ctx, name, objInfo, createValidation, updateValidation, false, options)
}

// GetResetFields says which fields server-side apply must not own through this subresource.
func (s *statusStore) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return s.store.GetResetFields()
}

// ConvertToTable prints the same columns as the resource.
func (s *statusStore) ConvertToTable(ctx context.Context, object, tableOptions runtime.Object) (*metav1.Table, error) {
	return s.store.ConvertToTable(ctx, object, tableOptions)
}
