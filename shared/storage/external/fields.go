package external

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// decode reads an object. Numbers stay as they are written.
func decode(data []byte) (map[string]any, error) {
	object := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("reading the object: %w", err)
	}
	return object, nil
}

// lookup is the value at a path; nil if there is none.
func lookup(object map[string]any, path []string) any {
	value, ok := object[path[0]]
	if !ok || len(path) == 1 {
		return value
	}
	below, _ := value.(map[string]any)
	return lookup(below, path[1:])
}

// remove deletes the value at a path, and what has nothing left in it, below spec and status.
func remove(object map[string]any, path []string) {
	if len(path) == 1 {
		delete(object, path[0])
		return
	}
	below, ok := object[path[0]].(map[string]any)
	if !ok {
		return
	}
	remove(below, path[1:])
	if len(below) == 0 {
		delete(object, path[0])
	}
}

// text is a value as PostgreSQL reads it.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number, bool:
		return fmt.Sprint(v)
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}
