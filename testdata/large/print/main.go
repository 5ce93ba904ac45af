// Command print writes a large document, of as many operations as it is told, to standard output:
//
//	go run ./testdata/large/print 1500 >large.yaml
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/counterpart-go/counterpart/testdata/large"
)

func main() {
	if len(os.Args) == 2 {
		if operations, err := strconv.Atoi(os.Args[1]); err == nil && operations > 0 {
			_, _ = os.Stdout.Write(large.YAML(operations))
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: print OPERATIONS")
	os.Exit(2)
}
