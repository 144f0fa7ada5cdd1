package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"testing"
)

// Each mutant of the list replaces a text that is in its file, once, within one function.
func TestMutantsApply(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "internal", "sched"))); err != nil {
		t.Fatal(err)
	}
	missing, err := weave(dir, mutants)
	if err != nil {
		t.Error(err)
	}
	for _, name := range missing {
		t.Errorf("%s: its text is not in its file, or more than once", name)
	}
}

// What is woven is the program it was, for whatever kind of function.
func TestWeave(t *testing.T) {
	const source = `package sched

type box[K comparable, T any] struct{ v T }

func (b *box[K, T]) put(_ K, more ...T) (n int, ok bool) { return len(more) + 1, true }

func (b *box[K, T]) clear() { b.v = *new(T) }

func of[K comparable, T any](a, b T, f func(x, y T) T) *box[K, T] { return &box[K, T]{f(a, b)} }

func use() { of[int](1, 2, func(x, y int) int { return x + y }).clear() }
`
	dir := t.TempDir()
	path := filepath.Join(dir, "a.go")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	missing, err := weave(dir, []mutant{
		{name: "one more", file: "a.go", old: "len(more) + 1", new: "len(more) + 2"},
		{name: "not ok", file: "a.go", old: "1, true }", new: "1, false }"},
		{name: "kept", file: "a.go", old: "b.v = *new(T)", new: ""},
		{name: "swapped", file: "a.go", old: "f(a, b)", new: "f(b, a)"},
		{name: "gone", file: "a.go", old: "no such text", new: ""},
		{name: "twice", file: "a.go", old: "comparable", new: ""},
	})
	if err != nil || len(missing) != 2 {
		t.Fatalf("weave misses %v, %v; want gone and twice", missing, err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for name, text := range map[string]any{path: nil, "mutant.go": "package sched\n\nvar mutant int\n"} {
		file, err := parser.ParseFile(fset, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	pkg, err := new(types.Config).Check("sched", fset, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	methods := types.NewMethodSet(types.NewPointer(pkg.Scope().Lookup("box").Type()))
	for _, name := range []string{"put", "put__", "put__1", "put__2", "clear", "clear__", "clear__3"} {
		if methods.Lookup(pkg, name) == nil {
			t.Errorf("there is no %s", name)
		}
	}
	if pkg.Scope().Lookup("of__4") == nil || methods.Len() != 7 {
		t.Errorf("there are %v and %v", pkg.Scope().Names(), methods)
	}
}

// A mutant that changes more than one function could not be told from two.
func TestWeaveRefuses(t *testing.T) {
	const two = "package sched\n\nfunc a() {}\n\nfunc b() {}\n\nvar c = 1\n"
	for name, m := range map[string]mutant{
		"two functions": {old: "a() {}\n\nfunc b() {}", new: "a() { b() }\n\nfunc b() { a() }"},
		"a variable":    {old: "c = 1", new: "c = 2"},
		"a name":        {old: "a()", new: "d()"},
		"no Go":         {old: "a() {}", new: "a() {"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(two), 0o600); err != nil {
			t.Fatal(err)
		}
		m.file = "a.go"
		if _, err := weave(dir, []mutant{m}); err == nil {
			t.Errorf("a mutant that changes %s was woven", name)
		}
	}
}
