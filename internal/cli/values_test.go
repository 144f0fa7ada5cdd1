package cli

import (
	"reflect"
	"testing"

	"github.com/mostlylucid/eph/internal/run"
)

func TestParseShare(t *testing.T) {
	const none = -1
	for _, tt := range []struct {
		in   string
		want float64
	}{
		{"25%", 0.25},
		{"0%", 0},
		{"0", 0},
		{"100%", 1},
		{"12.5%", 0.125},
		{"25", none},
		{"0.5", none},
		{"101%", none},
		{"-1%", none},
		{"%", none},
		{"", none},
		{"NaN%", none},
	} {
		got, err := parseShare(tt.in)
		if (err != nil) != (tt.want == none) || err == nil && got != tt.want {
			t.Errorf("parseShare(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseLanes(t *testing.T) {
	lane := func(name string, weight int) run.Lane { return run.Lane{Name: name, Weight: weight} }
	for _, tt := range []struct {
		in   string
		want []run.Lane // nil: refused
	}{
		{"gold:4,silver:2,bronze:1", []run.Lane{lane("gold", 4), lane("silver", 2), lane("bronze", 1)}},
		{"gold,silver", []run.Lane{lane("gold", 0), lane("silver", 0)}},
		{"gold:3,silver", []run.Lane{lane("gold", 3), lane("silver", 1)}},
		{"gold:!,silver,bronze", []run.Lane{lane("gold", 0), lane("silver", 1), lane("bronze", 1)}},
		{"gold:!,silver:!", []run.Lane{lane("gold", 0), lane("silver", 0)}},
		{"one", []run.Lane{lane("one", 0)}},
		{"a,a", nil},
		{"a,,b", nil},
		{":2", nil},
		{"a:", nil},
		{"a:0", nil},
		{"a:-1", nil},
		{"a:x", nil},
		{"a:1000001", nil},
		{"a1,a2,a3,a4,a5,a6,a7,a8,b1,b2,b3,b4,b5,b6,b7,b8,c1,c2,c3,c4,c5,c6,c7,c8,d1,d2,d3,d4,d5,d6,d7,d8," +
			"e1,e2,e3,e4,e5,e6,e7,e8,f1,f2,f3,f4,f5,f6,f7,f8,g1,g2,g3,g4,g5,g6,g7,g8,h1,h2,h3,h4,h5,h6,h7,h8,i1", nil},
	} {
		got, err := parseLanes(tt.in)
		if (err != nil) != (tt.want == nil) || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("parseLanes(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}
