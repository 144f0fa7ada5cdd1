package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// chosen is the variable of the environment that tells the woven package which fault to have.
const chosen = "MUTANT"

// weave rewrites the package in a folder so that it has the fault whose number, from 1, is in the
// environment, and none without it: each function that a mutant changes becomes as many functions
// and one that chooses. To compile the package once takes seconds, and once for each mutant an
// hour. Mutants whose text is not in their file once are left out; weave returns their names.
func weave(dir string, mutants []mutant) (missing []string, err error) {
	byFile := make(map[string][]int)
	for i, m := range mutants {
		byFile[m.file] = append(byFile[m.file], i)
	}
	for file, numbers := range byFile {
		path := filepath.Join(dir, file)
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		variants := make(map[string][]int) // by function
		texts := make(map[int][]byte)
		for _, i := range numbers {
			m := mutants[i]
			if bytes.Count(source, []byte(m.old)) != 1 {
				missing = append(missing, m.name)
				continue
			}
			texts[i] = bytes.Replace(source, []byte(m.old), []byte(m.new), 1)
			name, err := changed(source, texts[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
			variants[name] = append(variants[name], i)
		}
		woven, err := weaveFile(source, variants, texts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(path, woven, 0o600); err != nil {
			return nil, err
		}
	}
	choice := "package sched\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\nvar mutant, _ = strconv.Atoi(os.Getenv(\"" + chosen + "\"))\n"
	return missing, os.WriteFile(filepath.Join(dir, "mutant.go"), []byte(choice), 0o600)
}

// function is a declaration and its text.
type function struct {
	*ast.FuncDecl
	source []byte
}

func (f function) text(from, to token.Pos) string { return string(f.source[from-1 : to-1]) }

// renamed is the text of f under another name.
func (f function) renamed(name string) string {
	return f.text(f.Pos(), f.Name.Pos()) + name + f.text(f.Name.End(), f.End()) + "\n"
}

// id tells f from the others of its file.
func (f function) id() string {
	if f.Recv == nil {
		return f.Name.Name
	}
	return f.text(f.Recv.List[0].Type.Pos(), f.Recv.List[0].Type.End()) + "." + f.Name.Name
}

// functions returns those of a file, by id. Positions are offsets from 1.
func functions(source []byte) (map[string]function, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	all := make(map[string]function)
	for _, d := range file.Decls {
		if d, ok := d.(*ast.FuncDecl); ok {
			f := function{d, source}
			all[f.id()] = f
		}
	}
	return all, nil
}

// changed returns the one function in which two texts of a file differ.
func changed(source, mutated []byte) (id string, err error) {
	was, err := functions(source)
	if err != nil {
		return "", err
	}
	is, err := functions(mutated)
	if err != nil {
		return "", err
	}
	for name, f := range was {
		g, ok := is[name]
		switch {
		case !ok:
			return "", fmt.Errorf("%s is gone", name)
		case f.text(f.Pos(), f.End()) == g.text(g.Pos(), g.End()):
		case id != "":
			return "", fmt.Errorf("both %s and %s change", id, name)
		default:
			id = name
		}
	}
	if id == "" {
		return "", fmt.Errorf("no function changes")
	}
	return id, nil
}

// weaveFile puts the variants of functions behind those that choose.
func weaveFile(source []byte, variants map[string][]int, texts map[int][]byte) ([]byte, error) {
	was, err := functions(source)
	if err != nil {
		return nil, err
	}
	var more strings.Builder
	var names []*ast.Ident
	for id, numbers := range variants {
		f := was[id]
		names = append(names, f.Name)
		fmt.Fprintf(&more, "\n%s", f.chooser(numbers))
		for _, i := range numbers {
			is, err := functions(texts[i])
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&more, "\n%s", is[id].renamed(variant(f.Name.Name, i)))
		}
	}
	slices.SortFunc(names, func(a, b *ast.Ident) int { return int(b.Pos() - a.Pos()) })
	for _, name := range names {
		source = slices.Replace(slices.Clone(source), int(name.Pos()-1), int(name.End()-1), []byte(name.Name+"__")...)
	}
	return append(source, more.String()...), nil
}

func variant(name string, i int) string { return fmt.Sprintf("%s__%d", name, i+1) }

// chooser is f that calls its variant, or itself as it was.
func (f function) chooser(numbers []int) string {
	var prefix, types string
	var params, args []string
	if f.Recv != nil {
		prefix = f.Recv.List[0].Names[0].Name + "."
	}
	if f.Type.TypeParams != nil {
		var names []string
		for _, p := range f.Type.TypeParams.List {
			for _, n := range p.Names {
				names = append(names, n.Name)
			}
		}
		types = "[" + strings.Join(names, ", ") + "]"
	}
	for _, p := range f.Type.Params.List {
		for range max(1, len(p.Names)) {
			arg := fmt.Sprintf("arg%d", len(params))
			params = append(params, arg+" "+f.text(p.Type.Pos(), p.Type.End()))
			if _, variadic := p.Type.(*ast.Ellipsis); variadic {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	call := func(name string) string {
		c := prefix + name + types + "(" + strings.Join(args, ", ") + ")"
		if f.Type.Results != nil {
			return "return " + c
		}
		return c
	}
	var b strings.Builder
	b.WriteString(f.text(f.Pos(), f.Type.Params.Pos()) + "(" + strings.Join(params, ", ") + ")")
	b.WriteString(f.text(f.Type.Params.End(), f.Body.Pos()) + "{\n\tswitch mutant {\n")
	for _, i := range numbers {
		fmt.Fprintf(&b, "\tcase %d:\n\t\t%s\n", i+1, call(variant(f.Name.Name, i)))
	}
	fmt.Fprintf(&b, "\tdefault:\n\t\t%s\n\t}\n}\n", call(f.Name.Name+"__"))
	return b.String()
}
