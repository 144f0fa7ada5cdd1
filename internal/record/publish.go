package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// published is a file that appears under its name, with mode 0600, when it is complete, so that
// nobody reads half of it. What is not a regular file, a pipe for example, is written to at once,
// and so is what is below /dev: for root, a file of the name of /dev/stdout would take its place.
type published struct {
	*os.File
	name string // to be given to it at the end; "" if it has it
}

func publish(name string) (*published, error) {
	var p published
	var err error
	if st, statErr := os.Stat(name); statErr == nil && (!st.Mode().IsRegular() || isDevice(name)) {
		p.File, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	} else {
		p.name = name
		p.File, err = os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // its name is that of the temporary file
	}
	return &p, err
}

func isDevice(name string) bool {
	path, err := filepath.Abs(name)
	return err == nil && strings.HasPrefix(path, "/dev/")
}

// finish closes the file and gives it its name, or, if it could not be written, takes it away.
// It returns the first error.
func (p *published) finish(err error) error {
	if closeErr := p.Close(); err == nil {
		err = closeErr
	}
	switch {
	case p.name == "":
		return err
	case err != nil:
		p.discard()
		return err
	}
	return os.Rename(p.File.Name(), p.name)
}

// discard closes the file, and takes it away if it has no name yet.
func (p *published) discard() {
	_ = p.Close()
	if p.name != "" {
		_ = os.Remove(p.File.Name())
	}
}
