package signals

// Command splits a name of the form "verb:payload", and reports whether it has this verb. The
// whole verb has to match, so "preset:1" does not match "set". The payload may be empty and may
// contain colons.
func Command(name, verb string) (payload string, ok bool) {
	n := len(verb)
	if len(name) <= n || name[n] != ':' || name[:n] != verb {
		return "", false
	}
	return name[n+1:], true
}
