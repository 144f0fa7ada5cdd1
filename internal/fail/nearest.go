package fail

// Nearest returns the word of known that s is most likely a slip of, or "".
func Nearest(s string, known []string) string {
	best, least := "", max(2, len(s)/3)+1
	for _, k := range known {
		if d := levenshtein(s, k); d < least && d < max(len(s), len(k)) {
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
