package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
)

func TestComplain(t *testing.T) {
	long := strings.Repeat("a", 200) + "HERE" + strings.Repeat("b", 200)
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"plain", errors.New("it broke"), "eph: it broke\n"},
		{"wrapped", fmt.Errorf("reading: %w", fail.Usage("no").Advise("yes")), "eph: reading: no\n  try: yes\n"},
		{"place", fail.Usage("no").Place("a bc d", 2, 2).Advise("x"), "eph: no\n  a bc d\n    ^^\n  try: x\n"},
		{"place at the end", fail.Usage("no").Place("abc", 3, 1), "eph: no\n  abc\n     ^\n"},
		{"place of no length", fail.Usage("no").Place("abc", 1, 0), "eph: no\n  abc\n   ^\n"},
		{"place past the end", fail.Usage("no").Place("abc", 9, 9), "eph: no\n  abc\n     ^\n"},
		{"control bytes", fail.Usage("no\x1b[31m").Place("\x1b[2J\tbad", 5, 3).Advise("\a"), "eph: no\\x1b[31m\n  \\x1b[2J\\tbad\n           ^^^\n  try: \\x07\n"},
		{"wide characters", fail.Usage("no").Place("日本{}x", 6, 2), "eph: no\n  日本{}x\n      ^^\n"},
		{"not UTF-8", fail.Usage("no").Place("\xff{}", 1, 2), "eph: no\n  \\xff{}\n      ^^\n"},
		{"third line", fail.Usage("no").Place("one\ntwo\nthree bad\nfour", 14, 3), "eph: no\n  three bad\n        ^^^\n"},
		{"over two lines", fail.Usage("no").Place("one\ntwo", 2, 4), "eph: no\n  one\n    ^\n"},
		{
			"long line", fail.Usage("no").Place(long, 200, 4),
			"eph: no\n  …" + strings.Repeat("a", 50) + "HERE" + strings.Repeat("b", 66) + "…\n" + strings.Repeat(" ", 53) + "^^^^\n",
		},
		{"several", errors.Join(errors.New("one"), fail.Own("two")), "eph: one\neph: two\n"},
	} {
		var b strings.Builder
		complain(&b, tt.err, newStyle(false))
		if b.String() != tt.want {
			t.Errorf("%s: complain prints\n%s\nwant\n%s", tt.name, b.String(), tt.want)
		}
	}
}
