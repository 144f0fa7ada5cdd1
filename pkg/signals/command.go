package signals

// Command splits a name that asks for something, "verb:payload", and reports whether it
// asks for this verb. The verb is wanted whole and from the start, so "preset:1" does not
// answer to "set". The payload may be empty and may hold colons.
func Command(name, verb string) (payload string, ok bool) {
	n := len(verb)
	if len(name) <= n || name[n] != ':' || name[:n] != verb {
		return "", false
	}
	return name[n+1:], true
}
