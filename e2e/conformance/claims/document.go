package claims

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"example.com/annex/e2e/conformance"
)

// APIVersion and Kind are those of a [Document].
const (
	APIVersion = "conformance.annex.example.com/v1"
	Kind       = "Claims"
)

// Document is a file of claims. Each field of a resource that it has replaces what was derived, and null takes that away; what it
// has not is derived.
type Document struct {
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Resources  []Claim `json:"resources"`
}

// Claim is a [conformance.Resource] as it is written to files: what its fields mean is said there.
type Claim struct {
	// Name is RESOURCE.VERSION.GROUP, with the dot before an empty group.
	Name         string              `json:"name"`
	Kind         string              `json:"kind,omitempty"`
	Singular     string              `json:"singular,omitempty"`
	ShortNames   []string            `json:"shortNames,omitempty"`
	Categories   []string            `json:"categories,omitempty"`
	Namespaced   bool                `json:"namespaced"`
	Verbs        []string            `json:"verbs,omitempty"`
	Subresources map[string][]string `json:"subresources,omitempty"`

	// Needs are whole objects.
	Needs []Object `json:"needs,omitempty"`
	// Sample has no metadata. It may be empty.
	Sample   Object `json:"sample,omitzero"`
	Existing string `json:"existing,omitempty"`

	Change    *Change `json:"change,omitempty"`
	Immutable *Field  `json:"immutable,omitempty"`
	Invalid   []Field `json:"invalid,omitempty"`
	Answer    *Field  `json:"answer,omitempty"`
	MaxName   int     `json:"maxName,omitempty"`
	PathNames bool    `json:"pathNames,omitempty"`

	AcceptsUnknown []string `json:"acceptsUnknown,omitempty"`

	Generation     bool `json:"generation"`
	Unconditional  bool `json:"unconditionalUpdate"`
	ReturnsDeleted bool `json:"returnsDeleted,omitempty"`
	CreateOnUpdate bool `json:"createOnUpdate,omitempty"`
	StrategicMerge bool `json:"strategicMergePatch"`
	Protobuf       bool `json:"protobuf"`
	CBOR           bool `json:"cbor"`
	BuiltInRoles   bool `json:"builtInRoles"`

	Status              *Field `json:"status,omitempty"`
	StatusTakesMetadata bool   `json:"statusTakesMetadata,omitempty"`
	Scale               *Field `json:"scale,omitempty"`

	// Columns are not known where they are null.
	Columns    []Column          `json:"columns"`
	Selectable map[string]string `json:"selectable,omitempty"`

	// Versions are the names of other resources in the document: the same one in its other versions.
	Versions []string `json:"versions,omitempty"`
	// Reads have all but type and metadata.
	Reads  map[string]Object `json:"reads,omitempty"`
	Stored string            `json:"stored,omitempty"`
}

// Field is a place in an object and a value for it.
type Field struct {
	// Path leads to the field from the object's root: [spec, slots].
	Path  []string `json:"path"`
	Value Value    `json:"value"`
}

// Change is a field that may change, and two values that the sample does not have.
type Change struct {
	Field `json:",inline"`
	Other Value `json:"other"`
}

// Column is a column that kubectl get prints.
type Column struct {
	Heading string `json:"heading"`
	Value   string `json:"value"`
	Wide    bool   `json:"wide,omitempty"`
}

// Value is any value. Whole numbers are int64, as in objects.
type Value struct{ any }

// MarshalJSON is that of the value.
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(v.any) }

// UnmarshalJSON keeps whole numbers whole.
func (v *Value) UnmarshalJSON(data []byte) error { return utiljson.Unmarshal(data, &v.any) }

// Object is an object, with values as in [Value].
type Object map[string]any

// UnmarshalJSON keeps whole numbers whole.
func (o *Object) UnmarshalJSON(data []byte) error {
	return utiljson.Unmarshal(data, (*map[string]any)(o))
}

// yaml is the object in YAML.
func (o Object) yaml() (string, error) {
	if o == nil {
		return "", nil
	}
	data, err := yaml.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("encoding an object: %w", err)
	}
	return string(data), nil
}

// New is a document of claims.
func New(resources ...Claim) Document {
	return Document{APIVersion: APIVersion, Kind: Kind, Resources: resources}
}

// YAML is the document as a file.
func (d Document) YAML() ([]byte, error) {
	data, err := yaml.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encoding claims: %w", err)
	}
	return data, nil
}

// Overlay is a document that says only some of it all.
type Overlay struct {
	Document
	file string
	// raw has of each resource, by name, what was written: a field that is not there is not the same as an empty one.
	raw map[string]json.RawMessage
}

// ReadOverlay reads a file of claims. Fields that don't exist are errors.
func ReadOverlay(file string, data []byte) (Overlay, error) {
	o := Overlay{file: file, raw: map[string]json.RawMessage{}}
	if err := yaml.UnmarshalStrict(data, &o.Document); err != nil {
		return o, fmt.Errorf("reading claims from %s: %w", file, err)
	}
	if o.APIVersion != APIVersion || o.Kind != Kind {
		return o, fmt.Errorf("reading claims from %s: it is %s %s, want %s %s", file, o.APIVersion, o.Kind, APIVersion, Kind)
	}
	var raw struct{ Resources []json.RawMessage }
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return o, fmt.Errorf("reading claims from %s: %w", file, err)
	}
	for i, r := range o.Resources {
		if _, twice := o.raw[r.name()]; twice || r.Name == "" {
			return o, fmt.Errorf("reading claims from %s: each resource must have a name of its own: %q", file, r.Name)
		}
		o.raw[r.name()] = raw.Resources[i]
	}
	return o, nil
}

// Of is what the overlay says of a resource, and whether it does.
func (o Overlay) Of(gvr schema.GroupVersionResource) (Claim, bool) {
	i := slices.IndexFunc(o.Resources, func(c Claim) bool { return c.name() == name(gvr) })
	if i < 0 {
		return Claim{}, false
	}
	return o.Resources[i], true
}

// Onto replaces those fields of a claim that the overlay has (RFC 7386).
func (o Overlay) Onto(claim Claim) (Claim, error) {
	patch, ok := o.raw[claim.name()]
	if !ok {
		return claim, nil
	}
	derived, err := json.Marshal(claim)
	if err != nil {
		return claim, fmt.Errorf("encoding what was derived of %s: %w", claim.Name, err)
	}
	merged, err := jsonpatch.MergePatch(derived, patch)
	var changed Claim
	if err == nil {
		err = json.Unmarshal(merged, &changed)
	}
	if err != nil {
		return claim, fmt.Errorf("putting the claims of %s about %s over what was derived: %w", o.file, claim.Name, err)
	}
	return changed, nil
}

// name is Name, with the dot before an empty group.
func (c Claim) name() string {
	if strings.Count(c.Name, ".") == 1 {
		return c.Name + "."
	}
	return c.Name
}

func name(gvr schema.GroupVersionResource) string {
	return gvr.Resource + "." + gvr.Version + "." + gvr.Group
}

// Resources are what the features take. Those of Versions must be in the document.
func (d Document) resources() (map[string]conformance.Resource, error) {
	all := map[string]conformance.Resource{}
	for _, c := range d.Resources {
		r, err := c.resource()
		if err != nil {
			return nil, err
		}
		all[c.name()] = r
	}
	return all, nil
}

// ToResources makes of the document what the features take.
func (d Document) ToResources() ([]conformance.Resource, error) {
	alone, err := d.resources()
	if err != nil {
		return nil, err
	}
	var all []conformance.Resource
	for _, c := range d.Resources {
		r := alone[c.name()]
		for _, version := range c.Versions {
			other, ok := alone[Claim{Name: version}.name()]
			if !ok {
				return nil, fmt.Errorf("%s: its version %s is not among the claims", c.Name, version)
			}
			r.Versions = append(r.Versions, other)
		}
		all = append(all, r)
	}
	return all, nil
}

func (c Claim) resource() (conformance.Resource, error) {
	parts := strings.SplitN(c.name(), ".", 3)
	if len(parts) < 3 {
		return conformance.Resource{}, fmt.Errorf("%q is no name of a resource: want RESOURCE.VERSION.GROUP", c.Name)
	}
	r := conformance.Resource{
		GVR:          schema.GroupVersionResource{Group: parts[2], Version: parts[1], Resource: parts[0]},
		Kind:         c.Kind,
		Singular:     c.Singular,
		ShortNames:   c.ShortNames,
		Categories:   c.Categories,
		Namespaced:   c.Namespaced,
		Verbs:        c.Verbs,
		Subresources: c.Subresources,
		Existing:     c.Existing,
		Immutable:    c.Immutable.field(),
		Answer:       c.Answer.field(),
		MaxName:      c.MaxName,

		AcceptsUnknown: c.AcceptsUnknown,
		PathNames:      c.PathNames,
		Generation:     c.Generation,
		Unconditional:  c.Unconditional,
		ReturnsDeleted: c.ReturnsDeleted,
		CreateOnUpdate: c.CreateOnUpdate,
		StrategicMerge: c.StrategicMerge,
		Protobuf:       c.Protobuf,
		CBOR:           c.CBOR,
		BuiltInRoles:   c.BuiltInRoles,

		Status:              c.Status.field(),
		StatusTakesMetadata: c.StatusTakesMetadata,
		Scale:               c.Scale.field(),
		Selectable:          c.Selectable,
		Stored:              c.Stored,
	}
	if c.Change != nil {
		r.Change, r.Other = *c.Change.field(), c.Change.Other.any
	}
	for _, f := range c.Invalid {
		r.Invalid = append(r.Invalid, *f.field())
	}
	if c.Columns != nil {
		r.Columns = []conformance.Column{}
	}
	for _, column := range c.Columns {
		r.Columns = append(r.Columns, conformance.Column(column))
	}
	var err error
	if r.Sample, err = c.Sample.yaml(); err != nil {
		return r, err
	}
	for _, need := range c.Needs {
		text, err := need.yaml()
		if err != nil {
			return r, err
		}
		r.Needs = append(r.Needs, text)
	}
	for version, read := range c.Reads {
		text, err := read.yaml()
		if err != nil {
			return r, err
		}
		if r.Reads == nil {
			r.Reads = map[string]string{}
		}
		r.Reads[version] = text
	}
	return r, c.complete(r)
}

// complete fails if something is missing without which the features can't be run.
func (c Claim) complete(r conformance.Resource) error {
	var missing []string
	need := func(is bool, what string) {
		if is {
			missing = append(missing, what)
		}
	}
	need(r.Kind == "", "kind")
	need(len(r.Verbs) == 0, "verbs")
	need(r.Can("create") && c.Sample == nil, "sample")
	need(!r.Can("create") && (r.Can("get") || r.Can("list")) && c.Existing == "", "existing (the name of an object that is there)")
	need(r.Can("create", "get") && (r.Can("update") || r.Can("patch")) && c.Change == nil, "change (a field of the sample that may change, and two other values for it)")
	need(r.Has("status", "update") && r.Can("create", "get") && c.Status == nil, "status (a field of the status, and a value)")
	need(r.Has("scale", "update") && c.Scale == nil, "scale (the field that it writes, and a number)")
	if len(missing) > 0 {
		return fmt.Errorf("%s: this could not be found out: %s; say it with --claims, and see the subcommand claims for the rest", c.Name, strings.Join(missing, ", "))
	}
	return nil
}

func (f *Field) field() *conformance.Field {
	if f == nil {
		return nil
	}
	return &conformance.Field{Path: f.Path, Value: f.Value.any}
}

// of is the field as it is written to files.
func of(f conformance.Field) Field { return Field{Path: f.Path, Value: Value{f.Value}} }
