package template

import (
	"github.com/mostlylucid/eph/internal/item"
)

// Tally measures the argument list that an item of several records would need, record by
// record, so that an item can be filled up to a limit of the system.
type Tally struct {
	c *Command
	v Values

	fixed   int   // bytes of the whole list without a record
	args    []int // bytes of the arguments that grow with each record
	start   []int // the same, without a record
	total   int
	longest int
	count   int // of arguments
	base    int // the same, without a record

	growth      int    // of a script's text, by one more record
	own, joined []bool // a script's values: one variable for each record, one for all of them
}

// perArgument is what each argument takes besides its bytes: a NUL and a pointer.
const perArgument = 1 + 8

// Tally starts with no record. Of v everything but the records counts.
func (c *Command) Tally(v *Values) *Tally {
	t := &Tally{c: c, v: *v}
	t.v.Item.Records = nil
	if c.script != nil {
		t.startScript(c.script)
	} else {
		t.startWords()
	}
	t.Reset()
	return t
}

// Reset takes all records out.
func (t *Tally) Reset() {
	t.total, t.longest, t.count = t.fixed, 0, t.base
	t.args = append(t.args[:0], t.start...)
	for _, n := range t.args {
		t.longest = max(t.longest, n)
	}
}

// Add puts one more record in and returns the bytes of the whole argument list, pointers
// included, and of its longest argument. Neither is less than what Expand will give.
func (t *Tally) Add(r *item.Record) (total, longest int) {
	one := t.v
	one.Item.Records = []item.Record{*r}
	if t.c.script != nil {
		t.addToScript(r, &one)
	} else {
		t.addToWords(&one)
	}
	return t.total, t.longest
}

// Bytes is the length of the argument list, a NUL for each argument included and pointers not:
// what xargs -s counts.
func (t *Tally) Bytes() int { return t.total - t.count*(perArgument-1) }

// grow makes a shared argument longer.
func (t *Tally) grow(i, bytes int) {
	t.total += bytes
	t.args[i] += bytes
	t.longest = max(t.longest, t.args[i])
}

// more adds an argument.
func (t *Tally) more(bytes int) {
	t.total += bytes + perArgument
	t.count++
	t.longest = max(t.longest, bytes)
}

// oneRecord is the shape of the items that the records are measured as.
var oneRecord = shape{records: 1}

func (t *Tally) startWords() {
	for _, w := range t.c.words {
		n := 0
		for _, p := range w.parts {
			switch {
			case p.ph == nil:
				n += len(p.text)
			case !p.ph.perRecord(oneRecord):
				n += len(p.ph.show(&t.v, all))
			}
		}
		t.start = append(t.start, n)
		t.fixed += n + perArgument
		t.base++
	}
}

func (t *Tally) addToWords(one *Values) {
	for i, w := range t.c.words {
		if w.repeated(oneRecord, t.c.fill) {
			t.more(len(w.show(one, 0)))
			continue
		}
		for _, p := range w.parts {
			if p.ph != nil && p.ph.perRecord(oneRecord) {
				t.grow(i, len(p.ph.show(one, 0))+len(" "))
			}
		}
	}
}

func (t *Tally) startScript(s *script) {
	t.own, t.joined = make([]bool, len(s.values)), make([]bool, len(s.values))
	t.growth = t.measure(s, s.nodes, false)
	t.start = append(make([]int, len(s.values)), len(s.render(shape{}).text)+len(s.values)*perVariable)
	for i, ph := range s.values {
		if !ph.perRecord(oneRecord) {
			t.start[i] = len(ph.show(&t.v, all))
		}
	}
	for _, n := range t.start {
		t.fixed += n + perArgument
	}
	for _, a := range s.shell {
		t.fixed += len(a) + perArgument
	}
	t.fixed += len("-c") + len("eph") + 2*perArgument
	t.base = len(t.start) + len(s.shell) + 2
}

// perVariable bounds what one more variable adds to a script: its name, up to six digits long,
// in the list to unset, its assignment, and a reference to it.
const perVariable = len(" __eph") + len(" __eph=${};") + len(`'"${__eph}"'`) + 3*6

// measure returns what one more record adds to the text of nodes at most, and finds how
// their values are used.
func (t *Tally) measure(s *script, nodes []node, repeated bool) int {
	grown := 0
	for _, n := range nodes {
		switch {
		case n.word != nil:
			again := repeated || s.repeats(n.word, shape{records: 2, columned: true})
			grown += t.measure(s, n.word.nodes, again)
			if again {
				grown += len(" ")
			}
		case n.form != 0 && s.values[n.value].perRecord(oneRecord):
			if repeated {
				t.own[n.value] = true
				grown += perVariable
			} else {
				t.joined[n.value] = true
			}
		case n.form != 0 && repeated:
			grown += perVariable
		case repeated:
			grown += len(n.text)
		}
	}
	return grown
}

func (t *Tally) addToScript(r *item.Record, one *Values) {
	s := t.c.script
	for i, ph := range s.values {
		if !t.own[i] && !t.joined[i] {
			continue
		}
		n := len(ph.show(one, 0))
		if t.own[i] {
			t.more(n)
		}
		if t.joined[i] {
			t.grow(i, n+len(" "))
		}
	}
	t.grow(len(t.start)-1, t.growth)
	if s.positional {
		t.more(len(r.Text))
	}
}
