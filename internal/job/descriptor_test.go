package job_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"github.com/mostlylucid/eph/internal/job"
)

// TestSignalDescriptor has a job speak on a descriptor of its own, beside its output.
func TestSignalDescriptor(t *testing.T) {
	var out, signals bytes.Buffer
	fd := strconv.Itoa(job.SignalFD(nil))
	r := new(job.Local).Run(t.Context(), job.Command{
		Path: "/bin/sh", Argv: []string{"sh", "-c", `echo said; echo raised >&"$1"`, "sh", fd},
	}, job.Output{Stdout: &out, Signals: &signals})
	if !r.Succeeded() || out.String() != "said\n" || signals.String() != "raised\n" {
		t.Errorf("%+v, stdout %q, signals %q", r, &out, &signals)
	}
}

// TestInherit has a job use an inherited file by the number it has here, and the signal
// descriptor keep out of its way.
func TestInherit(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	var signals bytes.Buffer
	inherit := []*os.File{write}
	fd := job.SignalFD(inherit)
	if fd == int(write.Fd()) {
		t.Fatalf("the signal descriptor is %d, which the job inherits", fd)
	}
	r := new(job.Local).Run(t.Context(), job.Command{
		Path: "/bin/sh", Argv: []string{"sh", "-c", `exec >/dev/null 2>&1; [ -e /dev/fd/"$1" ] && [ -e /dev/fd/"$2" ] && echo raised >&3`, "sh", strconv.Itoa(int(write.Fd())), strconv.Itoa(fd)},
		Inherit: inherit,
	}, job.Output{Signals: &signals})
	if !r.Succeeded() || fd != 3 && signals.Len() > 0 || fd == 3 && signals.String() != "raised\n" {
		t.Errorf("%+v, signals %q", r, &signals)
	}
}
