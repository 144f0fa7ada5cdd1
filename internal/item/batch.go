package item

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

const batchForm = "--batch 100,2s   (up to 100 items, or those that came within 2 s of the first)"

// ParseBatch reads the value of --batch: N,D.
func ParseBatch(text string) (n int, within time.Duration, err error) {
	bad := func(at, size int, format string, args ...any) (int, time.Duration, error) {
		return 0, 0, fail.Usage("--batch: "+format, args...).Place(text, at, size).Advise("%s", batchForm)
	}
	number, span, ok := strings.Cut(text, ",")
	count, err := value.Count(number, 1, math.MaxInt)
	if err != nil {
		return bad(0, len(number), "%s", err)
	}
	if !ok {
		return bad(len(text), 1, "a time is missing after the number")
	}
	within, err = value.Positive(value.Duration(span))
	if err != nil {
		return bad(len(number)+1, len(span), "%s", err)
	}
	return int(count), within, nil
}

// errDue ends the wait for one more record of an item. Unlike any other end of a context it
// leaves everything as it is, for the next call to go on.
var errDue = errors.New("the item is due")

// hurried is a context that ends when an item is due, and the one that goes on.
type hurried struct {
	context.Context
	calm context.Context
}

// hurry returns a context that also ends at a time.
func hurry(ctx context.Context, until time.Time) (context.Context, context.CancelFunc) {
	due, cancel := context.WithDeadlineCause(ctx, until, errDue)
	return hurried{due, ctx}, cancel
}

// calm is ctx without the end of a hurry, for where one cannot stop half-way.
func calm(ctx context.Context) context.Context {
	if h, ok := ctx.(hurried); ok {
		return h.calm
	}
	return ctx
}
