// Package fail is the one way in which eph reports that something went wrong: an error with the
// place it is about and a remedy to type, and the table of exit statuses.
//
// A job that fails is not an error: it is data, counted and reported by internal/run.
// An Error means that eph itself could not do what it was asked.
package fail

import (
	"errors"
	"fmt"
	"io/fs"
)

// Error is a failure of eph, reported in up to three lines: what is wrong, where, and what to type
// instead.
type Error struct {
	// Status is the exit status that the failure leads to. The zero value means Broken.
	Status Status

	// What is one sentence without a capital letter or a full stop.
	What string

	// Text is the user's own text that What is about, and At and Len the bytes of it that
	// a caret line marks. An empty Text shows no place; a Len of 0 marks one byte.
	Text    string
	At, Len int

	// Try is a line to type, or a short piece of advice. It may be empty.
	Try string

	// Err is the cause, if there is one. It is not printed separately: What contains its text.
	Err error
}

func (e *Error) Error() string { return e.What }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Usage returns an error about the command line. Nothing was run.
func Usage(format string, args ...any) *Error {
	return &Error{Status: BadUsage, What: fmt.Sprintf(format, args...)}
}

// Own returns an error about something eph could not do itself, such as reading its input.
// A cause is wrapped with %w in the format, as with [fmt.Errorf].
func Own(format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Status: Broken, What: err.Error(), Err: errors.Unwrap(err)}
}

// Place marks n bytes from byte at of text and returns e.
func (e *Error) Place(text string, at, n int) *Error {
	e.Text, e.At, e.Len = text, at, n
	return e
}

// Advise sets what to try and returns e.
func (e *Error) Advise(format string, args ...any) *Error {
	e.Try = fmt.Sprintf(format, args...)
	return e
}

// StatusOf returns the exit status that err leads to: Broken for an error that has none, and
// Succeeded for nil.
func StatusOf(err error) Status {
	if err == nil {
		return Succeeded
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Status != 0 {
		return e.Status
	}
	return Broken
}

// File returns an error about a file that a flag names: what could not be done to it, and why.
func File(flag string, err error) *Error {
	p, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return Own("%s: %w", flag, err)
	}
	return Own("%s: cannot %s %s: %w", flag, p.Op, p.Path, p.Err)
}
