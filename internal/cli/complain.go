package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/plain"
)

// complain writes an error: what is wrong, the text that it is about with a mark under the
// place, and what to type instead. Errors that were joined are written one after the other.
func complain(w io.Writer, err error, st style) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			complain(w, e, st)
		}
		return
	}
	var b strings.Builder
	b.WriteString(st.mark("eph:") + " " + plain.Text(err.Error()) + "\n")
	if e, ok := errors.AsType[*fail.Error](err); ok {
		if e.Text != "" {
			before, marked, after := place(e.Text, e.At, e.Len)
			indent := strings.Repeat(" ", lipgloss.Width(before))
			marks := strings.Repeat("^", max(1, lipgloss.Width(marked)))
			fmt.Fprintf(&b, "  %s%s%s\n  %s%s\n", before, marked, after, indent, st.mark(marks))
		}
		if e.Try != "" {
			b.WriteString("  try: " + st.code(plain.Text(e.Try)) + "\n")
		}
	}
	_, _ = io.WriteString(w, b.String())
}

// shownBefore and shownAfter limit the text shown before a place and from it on, in bytes.
const shownBefore, shownAfter = 50, 70

// place cuts out the line of text that holds byte at, or the part of a long line around it, and
// makes it safe to show. marked is the n bytes from there, as far as they are on the same line.
func place(text string, at, n int) (before, marked, after string) {
	at = min(max(at, 0), len(text))
	end := min(at+max(n, 1), len(text))
	before, marked, after = text[:at], text[at:end], text[end:]

	before = before[strings.LastIndexByte(before, '\n')+1:]
	if line, _, cut := strings.Cut(marked, "\n"); cut {
		marked, after = line, ""
	}
	after, _, _ = strings.Cut(after, "\n")

	if len(before) > shownBefore {
		before = "…" + fromRune(before[len(before)-shownBefore:])
	}
	if len(marked) > shownAfter {
		marked, after = plain.Whole(marked[:shownAfter])+"…", ""
	}
	if room := shownAfter - len(marked); len(after) > max(room, 0) {
		after = plain.Whole(after[:max(room, 0)]) + "…"
	}
	return plain.Text(before), plain.Text(marked), plain.Text(after)
}

// fromRune takes away what is left of a character that was cut in two.
func fromRune(s string) string {
	for i := 0; i < len(s) && i < utf8.UTFMax; i++ {
		if utf8.RuneStart(s[i]) {
			return s[i:]
		}
	}
	return s
}
