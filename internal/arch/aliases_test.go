package arch

import (
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestAliasesAreListed: documentation shows of an alias of an internal type its name alone, so
// the comment of the alias lists what a user may call. Here the listing and the type are compared.
func TestAliasesAreListed(t *testing.T) {
	found := 0
	for _, dir := range packages(t, "../../pkg") {
		for _, f := range sources(t, dir) {
			for _, a := range internalAliases(f) {
				found++
				listed := listing(t, a.doc)
				for _, line := range surface(sources(t, "../../"+strings.TrimPrefix(a.of, module)), a.name) {
					if i := slices.Index(listed, line); i >= 0 {
						listed = slices.Delete(listed, i, i+1)
					} else {
						t.Errorf("%s: the comment of %s does not list\n\t%s", dir, a.as, line)
					}
				}
				for _, line := range listed {
					t.Errorf("%s: the comment of %s lists what is not there:\n\t%s", dir, a.as, line)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("found only %d aliases of internal types", found)
	}
}

// packages lists the folders below root that hold Go files.
func packages(t *testing.T, root string) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".go" && !slices.Contains(dirs, filepath.Dir(name)) {
			dirs = append(dirs, filepath.Dir(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// sources parses the files of a package, tests aside.
func sources(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// alias is a type that is a name for one of an internal package.
type alias struct{ as, doc, of, name string }

func internalAliases(f *ast.File) (all []alias) {
	internal := make(map[string]string) // import paths by the name of the package
	for _, i := range f.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil && strings.Contains(p, "/internal/") {
			internal[path.Base(p)] = p
		}
	}
	for _, decl := range f.Decls {
		d, _ := decl.(*ast.GenDecl)
		if d == nil || d.Tok != token.TYPE {
			continue
		}
		for _, spec := range d.Specs {
			s := spec.(*ast.TypeSpec)
			of := s.Type
			if x, ok := of.(*ast.IndexExpr); ok {
				of = x.X
			}
			sel, ok := of.(*ast.SelectorExpr)
			if !ok || !s.Assign.IsValid() || !s.Name.IsExported() {
				continue
			}
			if from, ok := internal[types.ExprString(sel.X)]; ok {
				all = append(all, alias{s.Name.Name, d.Doc.Text() + s.Doc.Text(), from, sel.Sel.Name})
			}
		}
	}
	return all
}

// listing is what the indented declarations of a comment declare.
func listing(t *testing.T, doc string) []string {
	t.Helper()
	text := "package listing\n"
	for _, block := range new(comment.Parser).Parse(doc).Content {
		if code, ok := block.(*comment.Code); ok {
			text += code.Text
		}
	}
	f, err := parser.ParseFile(token.NewFileSet(), "comment", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("the indented lines are no declarations: %v\n%s", err, text)
	}
	return surface([]*ast.File{f}, "")
}

// surface says what a user sees of a type, or of all types for "": what it is, its exported
// fields, and its exported methods, a line for each.
func surface(files []*ast.File, name string) (lines []string) {
	of := func(other string) bool { return name == "" || name == other }
	for _, f := range files {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil && d.Name.IsExported() && of(receiver(d)) {
					recv := types.ExprString(d.Recv.List[0].Type)
					lines = append(lines, "func ("+recv+") "+d.Name.Name+strings.TrimPrefix(types.ExprString(d.Type), "func"))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok && of(s.Name.Name) {
						lines = append(lines, shape(s)...)
					}
				}
			}
		}
	}
	return lines
}

// receiver is the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	r := strings.TrimPrefix(types.ExprString(d.Recv.List[0].Type), "*")
	r, _, _ = strings.Cut(r, "[")
	return r
}

// shape says what a type is: its kind and, of a struct, the exported fields.
func shape(s *ast.TypeSpec) (lines []string) {
	line := "type " + s.Name.Name
	if s.TypeParams != nil {
		for _, p := range s.TypeParams.List {
			for _, name := range p.Names {
				line += "[" + name.Name + " " + types.ExprString(p.Type) + "]"
			}
		}
	}
	x, ok := s.Type.(*ast.StructType)
	if !ok {
		return []string{line + " " + types.ExprString(s.Type)}
	}
	lines = []string{line + " struct"}
	for _, field := range x.Fields.List {
		kind := types.ExprString(field.Type)
		if len(field.Names) == 0 && ast.IsExported(strings.TrimPrefix(kind, "*")) {
			lines = append(lines, s.Name.Name+"."+kind)
		}
		for _, name := range field.Names {
			if name.IsExported() {
				lines = append(lines, s.Name.Name+"."+name.Name+" "+kind)
			}
		}
	}
	return lines
}
