package fail

// Nearest returns the word of known that s is most likely a slip of, or "". A word that begins
// alike may differ a little more: --retry is a slip of --retries.
func Nearest(s string, known []string) string {
	const alike = 3 // bytes
	slips := max(2, len(s)/3)
	best, least := "", slips+2
	for _, k := range known {
		d := levenshtein(s, k)
		begins := len(s) >= alike && len(k) >= alike && s[:alike] == k[:alike]
		if d < least && d < max(len(s), len(k)) && (d <= slips || begins) {
			best, least = k, d
		}
	}
	return best
}

// levenshtein is how many bytes have to be put in, taken out or replaced to get from a to b.
func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0]++
		for j := range len(b) {
			replaced := corner
			if a[i] != b[j] {
				replaced++
			}
			corner = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
