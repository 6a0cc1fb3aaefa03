// Package registry is what every resource of an aggregated API server shares: REST storage, strategies for
// spec and status, table columns, and typed field selectors.
//
// A server describes a resource that is stored once, as a [Standard] value: how to make an object, where its spec and status are,
// how to validate it, which columns kubectl prints. From that description the package builds what
// k8s.io/apiserver wants:
//
//   - a genericregistry.Store with create, update and delete strategies that clear or keep the status as API
//     conventions ask, count metadata.generation by spec changes only, and run declarative validation
//     (k8s.io/apiserver/pkg/registry/rest.DeclarativeValidation) before the hand-written one;
//     what no resource may have is refused for all: finalizers without a domain, and times that can't be read again;
//   - a store for the status subresource that changes nothing but the status;
//   - where a [Scale] says what is scaled, the scale subresource that kubectl scale and autoscalers use;
//   - where a [Log] says what there is to tell of an object, the log subresource, which streams it and can be followed;
//   - a table convertor, short names, categories and the singular name for discovery;
//   - field label conversions, so that `--field-selector spec.siteName=a` works in every version, by the version's own
//     name of the field ([FieldPaths]); errors of the strategy's functions name fields in the same way.
//
// What is not stored has two more descriptions: [Computed], for objects that are made when somebody asks for them (get and list),
// and [Review], for a question whose answer is the object's status (create). What is none of these implements [Resource] itself,
// [Subresourced] where it has subresources, [Stored] where it needs storage and [Reader] where it reads other API servers.
package registry
