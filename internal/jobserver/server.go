package jobserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
	"golang.org/x/sys/unix"
)

// Style is how a server hands its slots out.
type Style uint8

// The styles.
const (
	Fifo Style = iota // a named pipe, for make 4.4 and later
	Pipe              // inherited descriptors, for any make
)

// Server serves slots to what this process starts.
type Server struct {
	client *Client
	auth   string
	dir    string // with a named pipe
	slots  int
}

// Serve makes a jobserver of so many slots in all, of which one is this process's own. Close
// it when all that uses it has ended.
func Serve(slots int, style Style) (*Server, error) {
	const most = 4096 // bytes that a pipe holds on every system
	s := &Server{slots: min(max(slots, 1), most)}
	var err error
	if style == Fifo {
		err = s.fifo()
	} else {
		err = s.pipe()
	}
	if err == nil {
		_, err = s.client.out.WriteString(strings.Repeat("+", s.slots-1))
	}
	if err != nil {
		_ = s.Close()
		return nil, fail.Own("cannot serve a jobserver: %w", err)
	}
	return s, nil
}

func (s *Server) fifo() (err error) {
	if s.dir, err = os.MkdirTemp("", "eph-jobserver-"); err != nil {
		return err
	}
	path := filepath.Join(s.dir, "fifo")
	if err = unix.Mkfifo(path, 0o600); err != nil {
		return err
	}
	both, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	s.auth = "fifo:" + path
	s.client = newClient(both, both, nil)
	return nil
}

// pipe makes a pipe that blocks, as make expects of what it inherits, which os.Pipe would not.
func (s *Server) pipe() error {
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	r, w := os.NewFile(uintptr(fds[0]), "jobserver"), os.NewFile(uintptr(fds[1]), "jobserver")
	in, err := reopen(r)
	if err != nil {
		_, _ = r.Close(), w.Close()
		return err
	}
	s.auth = fmt.Sprintf("%d,%d", fds[0], fds[1])
	s.client = newClient(in, w, []*os.File{r, w})
	return nil
}

// Client takes slots of this server for this process.
func (s *Server) Client() *Client { return s.client }

// MakeFlags is the value of MAKEFLAGS for what is started, beside what it was.
func (s *Server) MakeFlags(was string) string {
	return strings.TrimSpace(fmt.Sprintf("%s -j%d --jobserver-auth=%s", was, s.slots, s.auth))
}

// Close ends the server.
func (s *Server) Close() error {
	if s.client != nil {
		for _, f := range append(s.client.files, s.client.in, s.client.out) {
			_ = f.Close()
		}
	}
	if s.dir != "" {
		return os.RemoveAll(s.dir)
	}
	return nil
}
