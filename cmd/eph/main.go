// Eph runs a command for each item of its input: in parallel, in order by key, with retries.
package main

import (
	"os"

	"github.com/mostlylucid/eph/internal/cli"
	"github.com/mostlylucid/eph/internal/run"
)

func main() {
	os.Exit(cli.Main(os.Args, run.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
