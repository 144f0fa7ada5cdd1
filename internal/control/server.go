package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

const (
	mostClients = 64          // at once; others are refused
	mostRequest = 64 << 10    // bytes of a line
	lastWords   = time.Second // for an answer to be taken once the run has ended
)

// patience is how long to wait for a request to come, and for an answer to be taken.
var patience = 10 * time.Second

// Server answers the clients of one run.
type Server struct {
	h      Handler
	path   string
	l      *net.UnixListener
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// Listen opens the socket of a run: at this path or, if that is empty, in the place where Find
// looks. Close it.
func Listen(run, path string, h Handler) (*Server, error) {
	if path == "" {
		d := dir()
		if err := own(d); err != nil {
			return nil, err
		}
		path = filepath.Join(d, run+suffix)
	}
	if max(len(path), len(filepath.Dir(path))+mostAside) > mostPath {
		return nil, fail.Own("the path is too long for a socket: %s", path).Advise("--control=/tmp/run.sock")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fail.Own("--control: %w", err)
	}
	l, err := listenAside(path)
	if err != nil {
		return nil, fail.Own("--control: %w", err)
	}
	s := &Server{h: h, path: abs, l: l, conns: make(map[net.Conn]struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.all.Go(s.accept)
	return s, nil
}

// mostAside is how long a name within the directory listenAside makes a socket under, before it
// has its own.
const mostAside = len("/.eph4294967295/s")

// listenAside makes the socket so that it is never there without being heard, for List would take
// it for one that was left behind, nor open to others, not even at first: it is made in a
// directory of its own, and moved.
func listenAside(path string) (*net.UnixListener, error) {
	aside, err := os.MkdirTemp(filepath.Dir(path), ".eph")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(aside)
	made := filepath.Join(aside, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // Close does it first
	err = os.Chmod(made, 0o600)
	if err == nil {
		err = os.Link(made, path) // unlike a rename it replaces nothing
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// Path is where the socket is, as an absolute path.
func (s *Server) Path() string { return s.path }

// Close removes the socket, ends the connections, and returns when nothing of the server is
// left. A client that takes nothing holds it up for lastWords.
func (s *Server) Close() error {
	_ = os.Remove(s.path)
	s.cancel()
	err := s.l.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0))
		_ = c.SetWriteDeadline(time.Now().Add(lastWords))
	}
	s.mu.Unlock()
	s.all.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.l.AcceptUnix()
		if err != nil {
			if s.ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				select { // too many open files, perhaps
				case <-time.After(time.Second):
					continue
				case <-s.ctx.Done():
				}
			}
			return
		}
		if !s.enter(conn) {
			_ = conn.Close()
			continue
		}
		s.all.Go(func() {
			defer s.leave(conn)
			s.serve(conn)
		})
	}
}

// enter lets a client in that belongs to the user of the run, or to root, while there is room.
func (s *Server) enter(conn *net.UnixConn) bool {
	uid, err := peer(conn)
	if err != nil || uid != os.Getuid() && uid != 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= mostClients || s.ctx.Err() != nil {
		return false
	}
	s.conns[conn] = struct{}{}
	return true
}

func (s *Server) leave(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	delete(s.conns, conn)
	s.mu.Unlock()
}

// awaitTaker gives a client time to take an answer, unless Close has set it already.
func (s *Server) awaitTaker(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
	}
}

// serve answers one request: a connection is for one.
func (s *Server) serve(conn *net.UnixConn) {
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(io.LimitReader(conn, mostRequest)).ReadBytes('\n')
	say := func(a Answer) error {
		s.awaitTaker(conn)
		return json.NewEncoder(conn).Encode(a)
	}
	if err != nil {
		_ = say(Answer{Error: "a request must be one line of JSON of at most 64 KiB"})
		return
	}
	var q Request
	if err := json.Unmarshal(line, &q); err != nil {
		_ = say(Answer{Error: "a request must be one line of JSON: " + err.Error()})
		return
	}
	if q.Do == "tail" {
		s.tail(conn, q.Arg, say)
		return
	}
	a, err := s.answer(q)
	if err != nil {
		a = refusal(err)
	}
	_ = say(a)
}

func refusal(err error) Answer {
	a := Answer{Error: err.Error()}
	if e, ok := errors.AsType[*fail.Error](err); ok {
		a.Error, a.Try, a.Usage = e.What, e.Try, e.Status == fail.BadUsage
	}
	return a
}

// answer does what a request asks for.
func (s *Server) answer(q Request) (a Answer, err error) {
	a.OK = true
	switch q.Do {
	case "status":
		st := s.h.Status()
		a.Status = &st
	case "jobs":
		a.Text, err = s.h.Jobs(q.Arg)
	case "rate":
		a.Text, err = s.h.Rate(q.Arg)
	case "pause":
		err = s.h.Pause()
	case "resume":
		err = s.h.Resume()
	case "drain":
		err = s.h.Drain()
	case "cancel":
		var seq int64
		if seq, err = strconv.ParseInt(q.Arg, 10, 64); err != nil || seq < 1 {
			return a, fail.Usage("%q is not an item number", q.Arg).Advise("eph ctl cancel 7")
		}
		err = s.h.Cancel(seq)
	case "raise":
		err = s.h.Raise(q.Arg)
	case "retract":
		var n int
		if n, err = s.h.Retract(q.Arg); err == nil {
			a.Text = strconv.Itoa(n) + " retracted"
		}
	case "reopen":
		err = s.h.Reopen()
	default:
		err = fail.Usage("there is no command %q", q.Do).Advise("eph ctl status")
	}
	return a, err
}

// tail sends lines of the log until the client leaves or the run ends.
func (s *Server) tail(conn *net.UnixConn, glob string, say func(Answer) error) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	lines, err := s.h.Tail(ctx, glob)
	if err != nil {
		_ = say(refusal(err))
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	s.all.Go(func() {
		_, _ = conn.Read(make([]byte, 1)) // nothing more comes: the client has left, or Close was called
		cancel()
	})
	defer func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) }()
	for line, err := range lines {
		if err != nil || say(Answer{OK: true, Line: string(line)}) != nil {
			return
		}
	}
}
