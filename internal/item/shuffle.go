package item

import (
	"context"
	"io"
	"math/rand/v2"
)

// shuffled yields the records of a feed in an order that a seed decides. It reads all of
// them first, and yields those that cannot be used before the others.
type shuffled struct {
	feed
	seed uint64

	read bool
	all  []Record
	errs []error
}

func (s *shuffled) next(ctx context.Context, rec *Record) error {
	if !s.read {
		if err := s.readAll(calm(ctx)); err != nil {
			return err
		}
	}
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return err
	}
	if len(s.all) == 0 {
		return io.EOF
	}
	*rec, s.all[0] = s.all[0], Record{}
	s.all = s.all[1:]
	return nil
}

func (s *shuffled) readAll(ctx context.Context) error {
	for {
		var rec Record
		err := s.feed.next(ctx, &rec)
		switch {
		case err == nil:
			s.all = append(s.all, rec)
		case unusable(err):
			s.errs = append(s.errs, err)
		case err == io.EOF:
			s.read = true
			r := rand.New(rand.NewPCG(s.seed, 0))
			r.Shuffle(len(s.all), func(i, j int) { s.all[i], s.all[j] = s.all[j], s.all[i] })
			return nil
		default:
			return err
		}
	}
}
