package model

import (
	"go/ast"
	"go/constant"
	"go/token"
	"reflect"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// selfDescribed are the types that say themselves what they are in OpenAPI, with methods that generated code calls.
var selfDescribed = map[string]any{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":   resource.Quantity{},
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":   metav1.Duration{},
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":  metav1.MicroTime{},
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":       metav1.Time{},
	"k8s.io/apimachinery/pkg/runtime.RawExtension":    runtime.RawExtension{},
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": intstr.IntOrString{},
}

// evaluate evaluates an expression of a type.
func evaluate[T any](f *file, expression ast.Expr) (T, error) {
	var value T
	err := f.assign(expression, reflect.ValueOf(&value).Elem())
	return value, err
}

// assign sets a variable to the value of an expression that its type allows.
func (f *file) assign(expression ast.Expr, to reflect.Value) error {
	switch e := expression.(type) {
	case *ast.CompositeLit:
		return f.assignComposite(e, to)
	case *ast.CallExpr:
		return f.assignCall(e, to)
	case *ast.UnaryExpr:
		if e.Op == token.AND && to.Kind() == reflect.Pointer {
			to.Set(reflect.New(to.Type().Elem()))
			return f.assign(e.X, to.Elem())
		}
	}
	return f.assignConstant(expression, to)
}

func (f *file) assignComposite(literal *ast.CompositeLit, to reflect.Value) error {
	if to.Kind() == reflect.Interface {
		var value reflect.Value
		switch literal.Type.(type) {
		case *ast.ArrayType:
			value = reflect.ValueOf(&[]any{}).Elem()
		case *ast.MapType:
			value = reflect.ValueOf(&map[string]any{}).Elem()
		default:
			return f.errorf(literal, "can't tell what this is")
		}
		if err := f.assignComposite(literal, value); err != nil {
			return err
		}
		to.Set(value)
		return nil
	}
	switch to.Kind() {
	case reflect.Slice:
		values := reflect.MakeSlice(to.Type(), len(literal.Elts), len(literal.Elts))
		for i, element := range literal.Elts {
			if err := f.assign(element, values.Index(i)); err != nil {
				return err
			}
		}
		to.Set(values)
		return nil
	case reflect.Map:
		to.Set(reflect.MakeMap(to.Type()))
	case reflect.Struct:
	default:
		return f.errorf(literal, "can't be a %s", to.Type())
	}
	for _, element := range literal.Elts {
		if err := f.assignElement(element, to); err != nil {
			return err
		}
	}
	return nil
}

// assignElement sets a field of a struct or an entry of a map.
func (f *file) assignElement(element ast.Expr, to reflect.Value) error {
	pair, ok := element.(*ast.KeyValueExpr)
	if !ok {
		return f.errorf(element, "want a key and a value")
	}
	if to.Kind() == reflect.Map {
		key, value := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
		if err := f.assign(pair.Key, key); err != nil {
			return err
		}
		if err := f.assign(pair.Value, value); err != nil {
			return err
		}
		to.SetMapIndex(key, value)
		return nil
	}
	name, ok := pair.Key.(*ast.Ident)
	if !ok || !to.FieldByName(name.Name).IsValid() {
		return f.errorf(pair.Key, "not a field of %s", to.Type())
	}
	return f.assign(pair.Value, to.FieldByName(name.Name))
}

func (f *file) assignCall(call *ast.CallExpr, to reflect.Value) error {
	switch function := call.Fun.(type) {
	case *ast.Ident:
		if function.Name == "ref" && len(call.Args) == 1 {
			name, err := f.modelName(call.Args[0])
			if err != nil {
				return err
			}
			return f.set(call, to, reflect.ValueOf(spec.MustCreateRef("#/definitions/"+name)))
		}
	case *ast.IndexExpr: // ptr.To[int64](1)
		if selected(function.X) == "To" && len(call.Args) == 1 && to.Kind() == reflect.Pointer {
			to.Set(reflect.New(to.Type().Elem()))
			return f.assign(call.Args[0], to.Elem())
		}
	case *ast.SelectorExpr:
		name, err := f.receiver(call)
		if err != nil {
			return err
		}
		receiver, known := selfDescribed[name]
		if !known {
			return f.errorf(call, "the methods of %s are not known here: add it to tools/codegen/model", name)
		}
		method := reflect.ValueOf(receiver).MethodByName(function.Sel.Name)
		if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
			return f.errorf(call, "%s has no such method", name)
		}
		return f.set(call, to, method.Call(nil)[0])
	}
	return f.errorf(call, "can't call that")
}

func (f *file) assignConstant(expression ast.Expr, to reflect.Value) error {
	value, err := f.constant(expression)
	if err != nil {
		return err
	}
	goValue := reflect.ValueOf(constant.Val(value))
	switch value.Kind() {
	case constant.Int:
		i, _ := constant.Int64Val(value)
		goValue = reflect.ValueOf(i)
	case constant.Float:
		v, _ := constant.Float64Val(value)
		goValue = reflect.ValueOf(v)
	}
	if number := goValue.CanInt() || goValue.CanFloat(); number && (to.CanInt() || to.CanFloat()) {
		goValue = goValue.Convert(to.Type())
	}
	return f.set(expression, to, goValue)
}

func (f *file) constant(expression ast.Expr) (constant.Value, error) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		if value := constant.MakeFromLiteral(e.Value, e.Kind, 0); value.Kind() != constant.Unknown {
			return value, nil
		}
	case *ast.UnaryExpr:
		if e.Op == token.SUB {
			value, err := f.constant(e.X)
			if err != nil {
				return nil, err
			}
			return constant.UnaryOp(token.SUB, value, 0), nil
		}
	case *ast.Ident:
		if e.Name == "true" || e.Name == "false" {
			return constant.MakeBool(e.Name == "true"), nil
		}
	}
	return nil, f.errorf(expression, "not a constant that can be known from here")
}

func (f *file) set(expression ast.Expr, to, value reflect.Value) error {
	if !value.Type().AssignableTo(to.Type()) {
		return f.errorf(expression, "a %s where a %s must stand", value.Type(), to.Type())
	}
	to.Set(value)
	return nil
}

// receiver is the type whose method is called on an empty value: for metav1.Time{}.OpenAPISchemaType(), its path and name
// "k8s.io/apimachinery/pkg/apis/meta/v1.Time".
func (f *file) receiver(call *ast.CallExpr) (string, error) {
	if method, ok := call.Fun.(*ast.SelectorExpr); ok {
		if value, ok := method.X.(*ast.CompositeLit); ok {
			if name, ok := value.Type.(*ast.SelectorExpr); ok {
				if imported, ok := name.X.(*ast.Ident); ok && f.imports[imported.Name] != "" {
					return f.imports[imported.Name] + "." + name.Sel.Name, nil
				}
			}
		}
	}
	return "", f.errorf(call, "not a call of a type's method")
}
