package registry

import (
	"context"
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/operation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Review describes a resource that is a question: who creates an object gets it back with the answer in its status. Nothing is
// kept, so that create is the only verb, and a dry run is the same. Its semantics are those of SubjectAccessReviews
// (k8s.io/kubernetes/pkg/registry/authorization/subjectaccessreview): metadata must be empty, a status that is sent is ignored,
// validation of the versions' tags runs before that by hand, and admission sees the question without the answer.
//
// T is the pointer type of the internal Go type, for example *insight.UsageReview.
type Review[T Object, Status any] struct {
	// Plural is the name in URLs, for example "usagereviews". Required.
	Plural string
	// Singular is the name of one object, for example "usagereview". Required.
	Singular string
	// ClusterScoped is true for questions that are not about one namespace.
	ClusterScoped bool
	// New returns an empty internal object. Required.
	New func() T
	// Status returns where an object's status is. Required.
	Status func(T) *Status
	// Validate checks what tags can't say. Optional.
	Validate func(context.Context, T) field.ErrorList
	// FieldPaths are where versions have their fields, for those that have them elsewhere than the internal type. Optional.
	FieldPaths FieldPaths
	// Sources are the resources of other API servers that answers are computed from. The server's ServiceAccount gets the
	// right to list and watch them. Optional.
	Sources []schema.GroupResource
	// Reviewer makes what answers, once for each server. Required.
	Reviewer func(Options) (Reviewer[T, Status], error)
}

// Reviewer answers valid questions. Errors are API errors: apierrors.NewServiceUnavailable, as of reflector.InStep, where the
// answer can't be known now. It must answer within seconds.
type Reviewer[T Object, Status any] interface {
	Review(context.Context, T) (Status, error)
}

var _ Reader = Review[Object, int]{}

// Name is the plural name.
func (r Review[T, Status]) Name() string { return r.Plural }

// Access is create, for those who may view: it changes nothing. Let Reviewer refuse whom the answer is not for.
func (r Review[T, Status]) Access() Access {
	return Access{View: accessTo(&reviewStore[T, Status]{}).Edit}
}

// Reads are the Sources.
func (r Review[T, Status]) Reads() []schema.GroupResource { return r.Sources }

// Storage builds the handler of the resource.
func (r Review[T, Status]) Storage(o Options) (map[string]rest.Storage, error) {
	resource := schema.GroupResource{Group: o.Group, Resource: r.Plural}
	if r.Plural == "" || r.Singular == "" || r.New == nil || r.Status == nil || r.Reviewer == nil {
		return nil, fmt.Errorf("resource %q of group %q is not described completely: it needs Plural, Singular, New, Status and Reviewer", r.Plural, o.Group)
	}
	gvks, _, err := o.Scheme.ObjectKinds(r.New())
	if err != nil {
		return nil, fmt.Errorf("resource %s: looking up the kind of %T in the scheme: %w; does the group's Install add it?", resource, r.New(), err)
	}
	kind := gvks[0].GroupKind()
	reviewer, err := r.Reviewer(o)
	if err != nil {
		return nil, fmt.Errorf("resource %s: preparing to answer: %w", resource, err)
	}
	strategy := newStrategy(Strategy[T, struct{}, Status]{ClusterScoped: r.ClusterScoped, Status: r.Status, Validate: r.Validate}, r.FieldPaths, o.Scheme, kind)
	return map[string]rest.Storage{"": &reviewStore[T, Status]{review: r, kind: kind, strategy: strategy, reviewer: reviewer}}, nil
}

// reviewStore serves create.
type reviewStore[T Object, Status any] struct {
	review   Review[T, Status]
	kind     schema.GroupKind
	strategy *strategy[T, struct{}, Status]
	reviewer Reviewer[T, Status]
}

var (
	_ rest.Creater              = &reviewStore[Object, int]{}
	_ rest.Scoper               = &reviewStore[Object, int]{}
	_ rest.SingularNameProvider = &reviewStore[Object, int]{}
)

// New returns an empty object.
func (s *reviewStore[T, Status]) New() runtime.Object { return s.review.New() }

// Destroy does nothing: there is nothing to keep.
func (s *reviewStore[T, Status]) Destroy() {}

// NamespaceScoped says where the questions belong.
func (s *reviewStore[T, Status]) NamespaceScoped() bool { return !s.review.ClusterScoped }

// GetSingularName is the singular name shown in discovery.
func (s *reviewStore[T, Status]) GetSingularName() string { return s.review.Singular }

// Create answers.
func (s *reviewStore[T, Status]) Create(ctx context.Context, obj runtime.Object, createValidation rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	question, ok := obj.(T)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("got a %T, want a %s", obj, s.kind))
	}
	var none Status
	*s.review.Status(question) = none
	errs := append(s.validateMeta(question), s.strategy.Validate(ctx, question)...)
	errs = s.strategy.ValidateDeclaratively(ctx, question, nil, errs, operation.Create, s.strategy.DeclarativeValidationConfig(ctx, question, nil))
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(s.kind, "", errs)
	}
	if createValidation != nil {
		if err := createValidation(ctx, question.DeepCopyObject()); err != nil {
			return nil, err
		}
	}
	answer, err := s.reviewer.Review(ctx, question)
	if err != nil {
		return nil, err
	}
	*s.review.Status(question) = answer
	return question, nil
}

// validateMeta wants metadata to be empty, but for the namespace where it has one, and managedFields, which are the server's.
func (s *reviewStore[T, Status]) validateMeta(question T) field.ErrorList {
	copied := question.DeepCopyObject().(T)
	copied.SetManagedFields(nil)
	if s.NamespaceScoped() {
		copied.SetNamespace("")
	}
	accessor, ok := any(copied).(metav1.ObjectMetaAccessor)
	if !ok || apiequality.Semantic.DeepEqual(accessor.GetObjectMeta(), &metav1.ObjectMeta{}) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata"), accessor.GetObjectMeta(), "must be empty: nothing is kept that could have it")}
}
