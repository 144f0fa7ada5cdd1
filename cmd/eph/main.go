// Eph runs a command for each item of its input: in parallel, in order by key, with retries.
package main

import (
	"os"
	"runtime"

	"github.com/mostlylucid/eph/internal/cli"
	"github.com/mostlylucid/eph/internal/run"
)

// The first thread of the program is the one that adopts orphans, and dies last: main keeps it.
func init() { runtime.LockOSThread() }

func main() {
	os.Exit(cli.Main(os.Args, run.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
