package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

func dial(path string) (net.Conn, error) { return net.DialTimeout("unix", path, patience) }

// Do sends a request to the socket and hands the answer to got; those of tail are many. Its error
// is that of the connection, or what the run answered.
func Do(path string, q Request, got func(Answer) error) error {
	conn, err := dial(path)
	if err != nil {
		return fail.Own("the run does not answer: %w", err).Advise("eph ctl status")
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(q); err != nil {
		return fail.Own("the run does not answer: %w", err)
	}
	if q.Do != "tail" {
		_ = conn.SetReadDeadline(time.Now().Add(3 * patience))
	}
	in := bufio.NewScanner(conn)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var a Answer
		if err := json.Unmarshal(in.Bytes(), &a); err != nil {
			return fail.Own("cannot read the run's answer: %w", err)
		}
		if !a.OK {
			err := fail.Own("%s", a.Error)
			if a.Usage {
				err.Status = fail.BadUsage
			}
			if a.Try != "" {
				err.Advise("%s", a.Try)
			}
			return err
		}
		if err := got(a); err != nil || q.Do != "tail" {
			return err
		}
	}
	if q.Do == "tail" {
		return nil
	}
	if err := in.Err(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fail.Own("the run does not answer: %w", err)
	}
	return fail.Own("the run has ended")
}
