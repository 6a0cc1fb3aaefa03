package registry

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// FieldPaths has, for each version that holds fields elsewhere than the internal type, where: by the path in the internal
// type, the path in the version. What is below a path moves with it. For example, in version v1alpha1 the fields of
// spec.capacity are in spec itself, and the phase is called state:
//
//	FieldPaths{"v1alpha1": {"spec.capacity": "spec", "status.phase": "status.state"}}
type FieldPaths map[string]map[string]string

// in is the path in a version of what is at a path in the internal type.
func (p FieldPaths) in(version, path string) string {
	moved := ""
	for internal := range p[version] {
		rest, ok := strings.CutPrefix(path, internal)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && len(internal) > len(moved) {
			moved = internal
		}
	}
	if moved == "" {
		return path
	}
	return p[version][moved] + strings.TrimPrefix(path, moved)
}

// errors makes errors about the internal type name the fields of the version that the client speaks.
func (p FieldPaths) errors(ctx context.Context, errs field.ErrorList) field.ErrorList {
	if info, ok := request.RequestInfoFrom(ctx); ok {
		for _, err := range errs {
			err.Field = p.in(info.APIVersion, err.Field)
		}
	}
	return errs
}
