package item_test

import (
	"context"
	"fmt"

	"github.com/mostlylucid/eph/internal/item"
)

// Two linked sources, and a third that is combined with the pairs.
func ExampleOpen() {
	ctx := context.Background()
	r, err := item.Open(ctx, item.Options{Sources: []item.Source{
		{Values: []string{"a", "b"}},
		{Values: []string{"1", "2"}, Link: true},
		{Values: []string{"x", "y"}},
	}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for {
		it, err := r.Next(ctx)
		if err != nil {
			break // io.EOF
		}
		fmt.Println(it.Seq, it.Records[0].Fields)
	}
	// Output:
	// 1 [a 1 x]
	// 2 [a 1 y]
	// 3 [b 2 x]
	// 4 [b 2 y]
}
