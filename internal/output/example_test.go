package output_test

import (
	"fmt"
	"os"

	"github.com/mostlylucid/eph/internal/output"
)

// The second job ends first, and is printed second.
func Example() {
	w := output.New(os.Stdout, os.Stderr, output.Options{KeepOrder: true})
	a, b := w.Job(1, "a"), w.Job(2, "b")
	fmt.Fprintln(b.Stdout(), "ended first")
	b.Close()
	fmt.Fprintln(a.Stdout(), "ended second")
	a.Close()
	w.Close()
	// Output:
	// a	ended second
	// b	ended first
}
