// Eph-otel turns eph's event log into OpenTelemetry spans and metrics, and sends them to an OTLP
// receiver over HTTP. Its help has the details.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const help = `eph-otel - export the event log of eph to OpenTelemetry

  eph-otel run.ndjson                    a log that is complete
  tail -n +1 -F run.ndjson | eph-otel    one that is being written

usage: eph-otel [LOG...]     without LOG, or for -, it reads standard input

A run is a span, with what happened in it as events, and each attempt of a job is a
span in it. A span is sent soon after it has ended. The same log has the same ids
each time; one that ends before run.finished shows what was under way as failed.
Metrics: eph.events, eph.job.duration, eph.job.queued, eph.job.cpu, eph.job.running.
They bear the time at which they are sent, not that of the log.

Names: exit is process.exit.code, argv and command process.command_args, pid
process.pid, cwd process.working_directory, reason error.type, run
service.instance.id, version service.version; any other field F is eph.F.

The usual variables apply:
  OTEL_EXPORTER_OTLP_ENDPOINT  receiver, such as http://localhost:4318
  OTEL_EXPORTER_OTLP_HEADERS   OTEL_EXPORTER_OTLP_TIMEOUT  and the others
  OTEL_SERVICE_NAME            [eph]       OTEL_RESOURCE_ATTRIBUTES
  OTEL_TRACES_EXPORTER         otlp none   OTEL_METRICS_EXPORTER  otlp none
  OTEL_SDK_DISABLED            true: read the log, send nothing
  TRACEPARENT                  the span that the runs are part of

A pipe from eph itself (--log fd:3 3> >(eph-otel)) holds eph up when the receiver
is slow; a file and tail do not.

Exit status: 0 all was read and sent; 1 a log, a line or an export was not good, and
the rest was sent; 2 usage: nothing was read; 128+N signal N stopped it, and what had
ended by then was sent.
`

// The exit statuses. A signal N leads to 128+N.
const (
	succeeded = 0
	broken    = 1
	badUsage  = 2
	bySignal  = 128
)

func main() {
	// The first signal is for a clean end; a second one does what it always does.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	ctx, stop := context.WithCancelCause(context.Background())
	go func() { // ends with the process
		s := <-caught
		signal.Stop(caught)
		stop(stopped{s.(syscall.Signal)})
	}()
	os.Exit(export(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// stopped is why a context ended that a signal ended.
type stopped struct{ by syscall.Signal }

func (s stopped) Error() string { return "stopped by " + s.by.String() }

// export is the command. When ctx ends it stops reading, and sends what it has.
func export(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	for i, arg := range args {
		switch {
		case arg == "-h" || arg == "--help":
			fmt.Fprint(stdout, help)
			return succeeded
		case arg == "--":
			args = append(args[:i:i], args[i+1:]...)
		case strings.HasPrefix(arg, "-") && arg != "-":
			fmt.Fprintf(stderr, "eph-otel: %s is no option\neph-otel: try eph-otel --help; options of OpenTelemetry are variables\n", arg)
			return badUsage
		default:
			continue
		}
		break
	}
	if len(args) == 0 {
		args = []string{"-"}
	}
	to, err := newExporters(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "eph-otel: %v\n", err)
		return badUsage
	}
	x := newExporter(to, stderr)
	for _, name := range args {
		x.log(ctx, name, stdin)
	}
	x.close(ctx.Err() != nil)
	failed := x.failed()
	if s, ok := errors.AsType[stopped](context.Cause(ctx)); ok {
		return bySignal + int(s.by)
	}
	if failed {
		return broken
	}
	return succeeded
}

// log reads one log.
func (x *exporter) log(ctx context.Context, name string, stdin io.Reader) {
	from := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			x.complain("%v", err)
			return
		}
		defer f.Close()
		from = f
	} else {
		name = "stdin"
	}
	x.read(ctx, name, from)
}
