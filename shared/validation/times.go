package validation

import (
	"reflect"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ValidateTimes checks every metav1.Time and metav1.MicroTime in an object: in UTC, as they are stored, they must be in the years
// 0 to 9999. RFC 3339 has no others, and an object with one could be written and never be read again, nor any list that it is in.
// A client can send one nevertheless, with the offset of a time zone: "9999-12-31T23:59:59-12:00".
//
// Fields are named as in Go, with a small first letter, which are the names of the API where types follow its conventions.
func ValidateTimes(object any) field.ErrorList {
	return validateTimes(reflect.ValueOf(object), nil)
}

func validateTimes(v reflect.Value, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return validateTimes(v.Elem(), path)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			errs = append(errs, validateTimes(v.Index(i), path.Index(i))...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			errs = append(errs, validateTimes(v.MapIndex(key), path.Key(key.String()))...)
		}
	case reflect.Struct:
		switch t := v.Interface().(type) {
		case metav1.Time:
			return validateTime(t.Time, path)
		case metav1.MicroTime:
			return validateTime(t.Time, path)
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				errs = append(errs, validateTimes(v.Field(i), child(path, f.Name))...)
			}
		}
	}
	return errs
}

func validateTime(t time.Time, path *field.Path) field.ErrorList {
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return field.ErrorList{field.Invalid(path, t.UTC().String(), "must be in the years 0 to 9999 in UTC")}
	}
	return nil
}

// child is the path of a field by its name in Go.
func child(path *field.Path, name string) *field.Path {
	switch name {
	case "ObjectMeta", "ListMeta":
		return path.Child("metadata")
	}
	return path.Child(strings.ToLower(name[:1]) + name[1:])
}
