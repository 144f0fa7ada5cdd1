package template_test

import (
	"fmt"

	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/template"
)

// An item stays data, whatever quotes the template puts around it.
func ExampleShell() {
	command, err := template.Shell(`gzip -c {} > '{.}.gz'`, "", template.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(command.Script())
	v := &template.Values{Item: item.Item{Seq: 1, Records: []item.Record{{Text: "in/$(reboot).txt"}}}}
	argv, _ := command.Expand(v)
	fmt.Printf("%q\n", argv[4:])
	fmt.Println(command.Display(v))
	// Output:
	// unset __eph1 __eph2; __eph1=$1; __eph2=$2; shift 2; gzip -c "${__eph1}" > ''"${__eph2}"'.gz'
	// ["in/$(reboot).txt" "in/$(reboot)"]
	// gzip -c 'in/$(reboot).txt' > 'in/$(reboot).gz'
}

// A place that would interpret the item is refused before anything runs.
func ExampleShell_refused() {
	_, err := template.Shell(`sleep $(( {} * 2 ))`, "", template.Options{})
	fmt.Println(err)
	// Output: {} stands in arithmetic, where shells run the commands in a value
}

func ExampleWords() {
	command, err := template.Words([]string{"convert", "{}", "{.}.webp"}, template.Options{})
	if err != nil {
		panic(err)
	}
	argv, _ := command.Expand(&template.Values{Item: item.Item{Seq: 1, Records: []item.Record{{Text: "a b.png"}}}})
	fmt.Printf("%q\n", argv)
	// Output: ["convert" "a b.png" "a b.webp"]
}
