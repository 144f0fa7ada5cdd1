package template

import "strings"

// cut is the part of a path that a placeholder keeps, as GNU parallel has them.
type cut uint8

const (
	whole     cut = iota
	noExt         // {.}   without the last extension
	base          // {/}   what follows the last slash
	dir           // {//}  the directory, "." when there is none
	baseNoExt     // {/.}  both
)

// cuts are spelled after the name of a value, and alone for the item. The longer spellings
// come first.
var cuts = []struct {
	suffix string
	cut    cut
}{{"//", dir}, {"/.", baseNoExt}, {"/", base}, {".", noExt}}

func cutNamed(s string) (cut, bool) {
	for _, c := range cuts {
		if s == c.suffix {
			return c.cut, true
		}
	}
	return whole, s == ""
}

// splitCut splits a name from the cut behind it. dots tells whether a lone dot is one: not
// in a JSON path, where it is the beginning of a name.
func splitCut(s string, dots bool) (string, cut) {
	for _, c := range cuts {
		if c.cut == noExt && !dots {
			continue
		}
		if name, ok := strings.CutSuffix(s, c.suffix); ok {
			return name, c.cut
		}
	}
	return s, whole
}

func (c cut) apply(path string) string {
	switch c {
	case noExt:
		return cutExt(path)
	case base:
		return path[strings.LastIndexByte(path, '/')+1:]
	case dir:
		return dirname(path)
	case baseNoExt:
		return cutExt(base.apply(path))
	default:
		return path
	}
}

func cutExt(path string) string {
	if dot := strings.LastIndexByte(path, '.'); dot > strings.LastIndexByte(path, '/') {
		return path[:dot]
	}
	return path
}

// dirname does as dirname(1): path.Dir would also clean the path.
func dirname(path string) string {
	trimmed := strings.TrimRight(path, "/")
	if trimmed == "" && path != "" {
		return "/"
	}
	slash := strings.LastIndexByte(trimmed, '/')
	if slash < 0 {
		return "."
	}
	if trimmed = strings.TrimRight(trimmed[:slash], "/"); trimmed == "" {
		return "/"
	}
	return trimmed
}
