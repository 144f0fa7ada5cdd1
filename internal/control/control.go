// Package control steers a run while it is running: a socket for each run, which only the run's
// user can reach, and the client that finds it.
//
// A request is one line of JSON, and so is each answer. The socket has mode 0600 and is in a
// directory with mode 0700, and the user id of whoever connects is checked: the mode alone would be
// enough on Linux, but not on every system.
package control

import (
	"context"
	"iter"
	"time"
)

// Handler is a run, as far as it can be steered. Its methods are called at the same time. Their
// errors are told to who asked.
type Handler interface {
	Status() Status
	Jobs(spec string) (string, error) // returns what holds now
	Rate(spec string) (string, error)
	Pause() error
	Resume() error
	Drain() error
	Cancel(seq int64) error
	Raise(text string) error
	Retract(glob string) (int, error)
	Reopen() error
	// Tail yields lines of the event log until ctx or the run ends.
	Tail(ctx context.Context, glob string) (iter.Seq2[[]byte, error], error)
}

// Request is what a client asks for.
type Request struct {
	Do  string `json:"do"`
	Arg string `json:"arg,omitzero"`
}

// Answer is one line of what it gets.
type Answer struct {
	OK     bool    `json:"ok"`
	Error  string  `json:"error,omitzero"`
	Try    string  `json:"try,omitzero"`
	Usage  bool    `json:"usage,omitzero"` // the error is one of what was asked, and nothing was done
	Text   string  `json:"text,omitzero"`
	Status *Status `json:"status,omitzero"`
	Line   string  `json:"line,omitzero"` // of the log
}

// Status is what a run is doing. Times are in seconds.
type Status struct {
	Run       string    `json:"run"`
	PID       int       `json:"pid"`
	Command   string    `json:"command"`
	Dir       string    `json:"cwd"`
	Began     time.Time `json:"began"`
	Read      int64     `json:"read"`
	Succeeded int64     `json:"succeeded"`
	Failed    int64     `json:"failed"`
	Skipped   int64     `json:"skipped"`
	Cancelled int64     `json:"cancelled"`
	Retried   int64     `json:"retried"`
	Running   int       `json:"running"`
	Waiting   int       `json:"waiting"`
	Delayed   int       `json:"delayed"`
	Jobs      int       `json:"jobs"`
	Rate      string    `json:"rate,omitzero"`
	Held      []Held    `json:"held"`
	Attempts  []Attempt `json:"attempts"`
}

// Held is a reason why nothing, or not everything, starts.
type Held struct {
	By   string  `json:"by"`
	What string  `json:"what"`
	Left float64 `json:"left_s,omitzero"` // 0 is unknown
}

// Attempt is a job that runs.
type Attempt struct {
	Seq     int64   `json:"seq"`
	Attempt int     `json:"attempt"`
	Key     string  `json:"key,omitzero"`
	Item    string  `json:"item"`
	For     float64 `json:"for_s"`
}
