package fail

// Nearest returns the word of known that s is most likely a slip of, or "". A word that begins
// alike may differ a little more: --retry is a slip of --retries.
func Nearest(s string, known []string) string {
	const alike = 3 // bytes
	slips := max(2, len(s)/3)
	best, least := "", slips+2
	for _, k := range known {
		d := distance(s, k)
		begins := len(s) >= alike && len(k) >= alike && s[:alike] == k[:alike]
		if d < least && d < max(len(s), len(k)) && (d <= slips || begins) {
			best, least = k, d
		}
	}
	return best
}

// IsSlip reports whether one byte too many, missing, wrong, or changed with its neighbour makes b
// of a. Words of one byte are like any other, so they do not count.
func IsSlip(a, b string) bool {
	n := min(len(a), len(b))
	return n >= 2 && max(len(a), len(b))-n <= 1 && distance(a, b) == 1
}

// distance is how many bytes have to be put in, taken out, replaced, or changed with their
// neighbour to get from a to b, none of them twice: the optimal string alignment distance.
func distance(a, b string) int {
	row := func() []int { return make([]int, len(b)+1) }
	before, last, next := row(), row(), row() // of the distances of a[:i-1], a[:i] and a[:i+1]
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			next[j+1] = min(replaced, last[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}
