package event

import (
	"encoding/json"
	"reflect"
	"strings"
)

// schema is the JSON Schema (draft 2020-12) of a line of the log, made of Fields and Names. It
// is shipped as docs/log.schema.json.
func schema() ([]byte, error) {
	properties := map[string]any{
		"crc":   map[string]any{"type": "string", "pattern": "^[0-9a-f]{8}$", "description": "CRC-32C of the bytes of the line before it; the last field of a line of a journal"},
		"v":     map[string]any{"const": 1, "description": "version of this format; within one, fields and names are only added"},
		"ts":    map[string]any{"type": "string", "format": "date-time", "description": "when, in UTC"},
		"t_s":   map[string]any{"type": "number", "minimum": 0, "description": "seconds since the log began"},
		"run":   map[string]any{"type": "string", "description": "id of the run"},
		"n":     map[string]any{"type": "integer", "minimum": 0, "description": "number of the line, without a gap"},
		"event": map[string]any{"type": "string", "description": "name of the signal; what follows a colon is a value", "anyOf": eventNames()},
		"level": map[string]any{"enum": Levels},
	}
	fields := reflect.TypeFor[Fields]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			properties[name] = schemaOf(f.Type)
		}
	}
	return json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "a line of the event log of eph",
		"type":                 "object",
		"required":             []string{"v", "ts", "t_s", "run", "n", "event", "level"},
		"properties":           properties,
		"additionalProperties": false,
		"$defs": map[string]any{"text": map[string]any{
			"description": "bytes; what is not UTF-8, or too long, is an object that says so",
			"anyOf": []any{
				map[string]any{"type": "string"},
				map[string]any{
					"type": "object", "required": []string{"text", "bytes"}, "additionalProperties": false,
					"properties": map[string]any{
						"text": map[string]any{"type": "string"}, "base64": map[string]any{"type": "string"},
						"bytes": map[string]any{"type": "integer", "minimum": 0},
					},
				},
			},
		}},
	}, "", "  ")
}

// eventNames are the names that the vocabulary has, and, in families of which it only knows the
// first word, all that begin like them.
func eventNames() (all []any) {
	for _, n := range Names {
		pattern := "^" + strings.ReplaceAll(n.Name, ".", `\.`)
		if family, ok := strings.CutSuffix(pattern, `\.*`); ok {
			pattern = family + `\..+`
		}
		if n.Raised {
			pattern += "(:.+)?"
		}
		all = append(all, map[string]any{"pattern": pattern + "$", "description": n.Meaning})
	}
	// What people and jobs raise may have any other name of two words.
	return append(all, map[string]any{"pattern": `^[a-z0-9_-]+(\.[a-z0-9_-]+)*(:.+)?$`, "description": "a name that people or jobs have chosen"})
}

// schemaOf is the schema of a field.
func schemaOf(t reflect.Type) any {
	switch t {
	case reflect.TypeFor[*Text](), reflect.TypeFor[Whole]():
		return map[string]any{"$ref": "#/$defs/text"}
	case reflect.TypeFor[Digest]():
		return map[string]any{"type": "string", "pattern": "^[0-9a-f]{24}$", "description": "of the content of the item; only in a journal"}
	case reflect.TypeFor[Seconds]():
		return map[string]any{"type": "number"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		item := schemaOf(t.Elem())
		if t.Elem() == reflect.TypeFor[Text]() {
			item = schemaOf(reflect.TypeFor[*Text]())
		}
		return map[string]any{"type": "array", "items": item}
	case reflect.Struct:
		properties := map[string]any{}
		var required []string
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			properties[name] = schemaOf(t.Field(i).Type)
			required = append(required, name)
		}
		return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "string"}
}
