package convert

import "github.com/mostlylucid/eph/internal/fail"

func fromParallel(c *call) (*line, error) {
	return nil, fail.Usage("later")
}
