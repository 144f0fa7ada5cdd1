package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// variable begins the name of every shell variable that carries a value.
const variable = "__eph"

// script is a compiled shell template: text with references to variables in it. Its rendering depends
// on how many records an item has, and on nothing else of it.
type script struct {
	shell      []string // the shell's command line, without -c
	nodes      []node
	values     []*placeholder // distinct
	fill       bool
	positional bool         // the records follow the values, as "$1" and so on
	spread     bool         // several records are several words where no quotes are, within a word too
	code       *placeholder // what stands in the place of codeWord; nil for none
	guard      guard

	mu       sync.Mutex
	rendered map[shape]*rendering
}

// node is literal text, a reference to a value, or a word that can be repeated.
type node struct {
	text  string
	value int   // into script.values, when form is set
	form  form  // how the reference is quoted; 0 for text
	word  *span // a whole word
}

type span struct {
	nodes []node
	alone bool // nothing but one placeholder
}

// ref is the value of a span that is alone.
func (w *span) ref() int {
	return w.nodes[slices.IndexFunc(w.nodes, func(n node) bool { return n.form != 0 })].value
}

// spreading as a record means all of them, each a word of its own where no quotes are.
const spreading = -2

// form is how a reference is written, so that it gives the value and nothing else.
type form uint8

const (
	bare     form = iota + 1 // outside of quotes
	double                   // within "..."
	unquoted                 // within a here-document, or ${x:-...} in quotes, where a quote is text
	single                   // within '...'
	dollar                   // within $'...'
	number                   // in arithmetic, for what is always a number
	comment                  // left as it is
)

func (f form) reference(name string) string {
	switch f {
	case bare:
		return `"${` + name + `}"`
	case single:
		return `'"${` + name + `}"'`
	case dollar:
		return `'"${` + name + `}"$'`
	default:
		return `${` + name + `}`
	}
}

// rendering is the text for one shape, and what its variables hold.
type rendering struct {
	text  string
	args  []argument
	index map[argument]int // into args
}

// argument is the value of a placeholder for one record, or for all.
type argument struct {
	value  int
	record int
}

func newScript(m *marked, places []place) *script {
	s := &script{rendered: map[shape]*rendering{}}
	s.nodes = s.build(m, places, extent{0, len(m.source)})
	return s
}

// build turns a range of the source into nodes; words within words become spans within spans.
func (s *script) build(m *marked, places []place, in extent) []node {
	var nodes []node
	end := in.from // of what has become nodes
	for i, k := range m.markers {
		if k.at < end || k.at >= in.to {
			continue
		}
		word := outermost(places, k.at, in)
		if word == (extent{}) {
			nodes = append(nodes, node{text: m.source[end:k.at]}, s.reference(k, places[i].form))
			end = k.at + len(k.name)
			continue
		}
		inner := &span{nodes: s.build(m, places, word), alone: places[i].alone && places[i].word == word}
		nodes = append(nodes, node{text: m.source[end:word.from]}, node{word: inner})
		end = word.to
	}
	return append(nodes, node{text: m.source[end:in.to]})
}

// outermost is the largest word that holds byte at and lies within in, but is not all of it.
func outermost(places []place, at int, in extent) extent {
	var most extent
	for _, p := range places {
		w := p.word
		if w.from <= at && at < w.to && in.from <= w.from && w.to <= in.to && w != in && w.to-w.from > most.to-most.from {
			most = w
		}
	}
	return most
}

func (s *script) reference(k marker, f form) node {
	if f == comment {
		return node{text: strings.ReplaceAll(k.ph.text, "\n", " ")}
	}
	i := slices.IndexFunc(s.values, func(p *placeholder) bool { return p.text == k.ph.text })
	if i < 0 {
		i = len(s.values)
		s.values = append(s.values, k.ph)
	}
	return node{value: i, form: f}
}

// kept bounds the renderings that are kept; most runs have two, the last item's and the others'.
const kept = 16

func (s *script) render(sh shape) *rendering {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rendered[sh]; r != nil {
		return r
	}
	r := &rendering{index: map[argument]int{}}
	var b strings.Builder
	s.write(&b, s.nodes, sh, all, func(n node, record int) string {
		return n.form.reference(variable + strconv.Itoa(r.variable(n.value, record)))
	})
	r.text = r.prologue() + b.String()
	if r.text != "" && strings.IndexByte("-+", r.text[0]) >= 0 {
		r.text = " " + r.text
	}
	if len(s.rendered) < kept {
		s.rendered[sh] = r
	}
	return r
}

// write writes nodes for one record, or for all, with each reference as ref has it.
func (s *script) write(b *strings.Builder, nodes []node, sh shape, record int, ref func(node, int) string) {
	for _, n := range nodes {
		switch {
		case n.word != nil && n.word.alone && s.values[n.word.ref()].omitted(sh):
		case n.word != nil && record == all && s.repeats(n.word, sh):
			for i := range sh.records {
				if i > 0 {
					b.WriteByte(' ')
				}
				s.write(b, n.word.nodes, sh, i, ref)
			}
		case n.word != nil && s.spread && record == all:
			s.write(b, n.word.nodes, sh, spreading, ref)
		case n.word != nil:
			s.write(b, n.word.nodes, sh, record, ref)
		case n.form == 0:
			b.WriteString(n.text)
		case s.values[n.value].perRecord(sh) && record == spreading && n.form == bare:
			for i := range sh.records {
				if i > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(ref(n, i))
			}
		case s.values[n.value].perRecord(sh) && record != spreading:
			b.WriteString(ref(n, record))
		default:
			b.WriteString(ref(n, all))
		}
	}
}

func (s *script) repeats(w *span, sh shape) bool {
	return sh.records != 1 && (w.alone || s.fill) && slices.ContainsFunc(w.nodes, func(n node) bool {
		return n.form != 0 && s.values[n.value].perRecord(sh)
	})
}

// variable is the number, from 1, of the variable that holds a value.
func (r *rendering) variable(value, record int) int {
	a := argument{value, record}
	i, ok := r.index[a]
	if !ok {
		i = len(r.args)
		r.index[a] = i
		r.args = append(r.args, a)
	}
	return i + 1
}

// prologue takes the values from the arguments. unset comes first because a variable that came
// with the environment would stay exported.
func (r *rendering) prologue() string {
	if len(r.args) == 0 {
		return ""
	}
	var names, assign strings.Builder
	for i := 1; i <= len(r.args); i++ {
		fmt.Fprintf(&names, " %s%d", variable, i)
		if i < 10 {
			fmt.Fprintf(&assign, " %s%d=$%d;", variable, i, i)
		} else {
			fmt.Fprintf(&assign, " %s%d=${%d};", variable, i, i)
		}
	}
	return fmt.Sprintf("unset%s;%s shift %d; ", names.String(), assign.String(), len(r.args))
}

// argv is the command line of the shell for one item.
func (s *script) argv(v *Values) ([]string, error) {
	r := s.render(shapeOf(&v.Item))
	text := r.text
	if s.code != nil {
		code, err := s.code.value(v, all)
		if err != nil {
			return nil, err
		}
		text = strings.Replace(text, codeWord, code, 1)
	}
	argv := append(slices.Clone(s.shell), "-c", text, "eph")
	for _, a := range r.args {
		value, err := s.values[a.value].value(v, a.record)
		if err != nil {
			return nil, err
		}
		if s.guard.values[a.value] {
			if err := guardValue(s.values[a.value].text, value, v); err != nil {
				return nil, err
			}
		}
		argv = append(argv, value)
	}
	if s.positional {
		for _, record := range v.Item.Records {
			if s.guard.positional {
				if err := guardValue(`"$@"`, record.Text, v); err != nil {
					return nil, err
				}
			}
			argv = append(argv, record.Text)
		}
	}
	return argv, nil
}

// verify parses the script as the shell will and makes sure that each variable stands in
// double quotes, in a here-document, or is a number in arithmetic.
func (s *script) verify(lang syntax.LangVariant) error {
	want, numbers := 0, map[string]bool{}
	r := &rendering{index: map[argument]int{}}
	var b strings.Builder
	s.write(&b, s.nodes, shape{records: 1}, all, func(n node, record int) string {
		want++
		name := variable + strconv.Itoa(r.variable(n.value, record))
		numbers[name] = n.form == number
		return n.form.reference(name)
	})
	file, err := parseShell(b.String(), lang)
	if err != nil {
		return err
	}
	found := 0
	walk(file, func(path []syntax.Node) {
		p, ok := path[len(path)-1].(*syntax.ParamExp)
		if !ok || p.Param == nil || !strings.HasPrefix(p.Param.Value, variable) {
			return
		}
		if !p.Short && p.Exp == nil && p.Index == nil && p.Slice == nil && p.Repl == nil && !p.Excl && !p.Length &&
			(quoted(path) || numbers[p.Param.Value]) {
			found++
		}
	})
	if found != want {
		return fmt.Errorf("%d of %d values are not quoted", want-found, want)
	}
	return nil
}

// unverified is the usage error of a template whose script is not safe.
func unverified(text string, err error) *fail.Error {
	return fail.Usage("the template cannot be made safe: %v", err).Place(text, 0, len(text)).
		Advise("move the placeholders into simple arguments: x={}; ... \"$x\"")
}

// quoted reports whether the expansion at the end of path is one that the shell does not
// split or interpret.
func quoted(path []syntax.Node) bool {
	for i := len(path) - 2; i > 0; i-- {
		switch n := path[i].(type) {
		case *syntax.DblQuoted:
			return !n.Dollar
		case *syntax.Word:
			if r, ok := path[i-1].(*syntax.Redirect); ok && r.Hdoc == n {
				return true
			}
		case *syntax.ParamExp:
		default:
			return false
		}
	}
	return false
}
