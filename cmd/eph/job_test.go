package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// jobMain is the program `job`, which the scripts let eph run.
func jobMain() {
	args := os.Args[1:]
	if len(args) < 2 {
		giveUp("usage: job what argument...")
	}
	switch args[0] {
	case "until": // FILE: until there is such a file
		if !appears(args[1]) {
			giveUp("no " + args[1])
		}
	case "meet": // DIRECTORY N NAME: until N of them run at once
		meet(args[1], number(args[2]), args[3])
	case "alone": // DIRECTORY: fails when another one runs
		alone(args[1])
	case "flaky": // FILE N: fails with 75 until it has been tried N times
		flaky(args[1], number(args[2]))
	case "die": // SIGNAL: by this signal
		_ = syscall.Kill(os.Getpid(), syscall.Signal(number(args[1])))
		select {}
	case "bytes": // N: writes that many
		for range number(args[1]) / 16 {
			fmt.Print("0123456789abcdef")
		}
	default:
		giveUp("no such job: " + args[0])
	}
}

func giveUp(why string) {
	fmt.Fprintln(os.Stderr, "job:", why)
	os.Exit(99)
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		giveUp(err.Error())
	}
	return n
}

func must(err error) {
	if err != nil {
		giveUp(err.Error())
	}
}

// meet waits until n have come, so it ends only when as many run at once.
func meet(dir string, n int, name string) {
	must(os.MkdirAll(dir, 0o777))
	must(os.WriteFile(filepath.Join(dir, name), nil, 0o666))
	entries, err := os.ReadDir(dir)
	must(err)
	if len(entries) >= n {
		must(os.WriteFile(dir+".all", nil, 0o666))
	}
	if !appears(dir + ".all") {
		giveUp("nobody else came to " + dir)
	}
}

// alone makes a directory that only one can make.
func alone(dir string) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		giveUp("not alone: " + err.Error())
	}
	must(os.Remove(dir))
}

// flaky adds a byte to a file and fails while it is too short.
func flaky(file string, n int) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	must(err)
	_, err = f.WriteString(".")
	must(err)
	st, err := f.Stat()
	must(err)
	if st.Size() < int64(n) {
		os.Exit(75)
	}
}
