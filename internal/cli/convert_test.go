package cli

import (
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/convert"
	"github.com/mostlylucid/eph/internal/run"
)

// A program that is called like a command of eph is still the program when its line is converted.
func TestConvertKeepsReservedWords(t *testing.T) {
	for _, word := range words(newProgram(run.Streams{}, 1).root()) {
		line, _, err := convert.Script("xargs -0 -P2 "+word, convert.Options{})
		if err != nil || !strings.Contains(line, "-- "+word) {
			t.Errorf("xargs %s becomes %q, %v; want -- before the word", word, line, err)
		}
	}
}
