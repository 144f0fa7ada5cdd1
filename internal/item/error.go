package item

import (
	"errors"
	"fmt"

	"github.com/mostlylucid/eph/internal/fail"
)

// RecordError says that one record cannot be used. The records after it can still be read.
type RecordError struct {
	Source string // as in [Record]
	Line   int64  // as in [Record]
	Column int64  // 1-based byte of the line; 0 where the whole record is meant
	Reason string // what is wrong, without the place
	Try    string // what to do about it, or ""
}

// Error tells the place in the way of compilers: source:line:column.
func (e *RecordError) Error() string {
	if e.Column > 0 {
		return fmt.Sprintf("%s:%d:%d: %s", e.Source, e.Line, e.Column, e.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", e.Source, e.Line, e.Reason)
}

// Unwrap returns the same as the one kind of error that eph prints.
func (e *RecordError) Unwrap() error {
	return &fail.Error{Status: fail.Broken, What: e.Error(), Try: e.Try}
}

// unusable reports whether err is about one record, so that reading can go on.
func unusable(err error) bool {
	_, ok := errors.AsType[*RecordError](err)
	return ok
}

// readError is the end of an input that could not be read any further.
func readError(source string, err error) error {
	return fail.Own("cannot read %s: %w", source, err)
}
