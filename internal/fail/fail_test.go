package fail

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestStatusOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Status
	}{
		{nil, Succeeded},
		{errors.New("anything"), Broken},
		{&Error{What: "no status"}, Broken},
		{Usage("bad flag"), BadUsage},
		{fmt.Errorf("while at it: %w", &Error{Status: NotFound}), NotFound},
		{Own("cannot read: %w", fs.ErrNotExist), Broken},
	} {
		if got := StatusOf(c.err); got != c.want {
			t.Errorf("StatusOf(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestOwnKeepsItsCause(t *testing.T) {
	err := Own("cannot read %s: %w", "f", fs.ErrNotExist)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap its cause", err)
	}
}

// TestWorse holds the order in which statuses win, from the least to the most telling.
func TestWorse(t *testing.T) {
	order := []Status{Succeeded, NoItem, Unrun, JobsFailed, Broken}
	for i, a := range order {
		for j, b := range order {
			if got, want := Worse(a, b), order[max(i, j)]; got != want {
				t.Errorf("Worse(%d, %d) = %d, want %d", a, b, got, want)
			}
		}
	}
}
