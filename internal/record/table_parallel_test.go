package record

import (
	"io"
	"strings"
	"testing"
	"time"
)

// TestTableLikeParallel holds the columns and the quotes of GNU parallel's tables.
func TestTableLikeParallel(t *testing.T) {
	exit := 3
	row := &Row{Seq: 2, Exit: &exit, Command: `echo 'b "c"'`, Start: time.UnixMicro(1795767569490000), Wall: 6 * time.Millisecond}
	row.ForParallel = ForParallel{Args: []string{`b "c"`, "d"}, Names: []string{"x"}, Received: 6, ExitVal: 3}
	held := func(stderr bool) io.Reader {
		if stderr {
			return strings.NewReader("plain")
		}
		return strings.NewReader("b \"c\"\n")
	}
	for format, want := range map[TableFormat]string{
		ParallelCSV: "Seq,Host,Starttime,JobRuntime,Send,Receive,Exitval,Signal,Command,x,V2,Stdout,Stderr\n" +
			`2,:,1795767569.490,0.006,0,6,3,0,"echo 'b ""c""'","b ""c""",d,"b ""c""` + "\n\",plain\n",
		ParallelTSV: "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tx\tV2\tStdout\tStderr\n" +
			"2\t:\t1795767569.490\t0.006\t0\t6\t3\t0\t\"echo 'b \"\"c\"\"'\"\t\"b \"\"c\"\"\"\td\t\"b \"\"c\"\"\n\"\tplain\n",
		ParallelJSON: `{ "Seq": 2, "Host": ":", "Starttime": 1795767569.490, "JobRuntime": 0.006, "Send": 0, "Receive": 6, "Exitval": 3, "Signal": 0, ` +
			`"Command": "echo 'b \"c\"'", "V": [ "b \"c\"","d" ], "Stdout": "b \"c\"\u000a", "Stderr": "plain" }` + "\n",
	} {
		var b strings.Builder
		table := NewTable(format)
		b.WriteString(table.Begin())
		if err := table.Row(&b, row, held); err != nil {
			t.Fatal(err)
		}
		b.WriteString(table.End())
		if b.String() != want {
			t.Errorf("format %d:\n%s\nwant\n%s", format, b.String(), want)
		}
	}
}
