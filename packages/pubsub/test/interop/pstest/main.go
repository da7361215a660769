// Serves pstest on a free port of loopback, prints its address and ends with its input.
package main

import (
	"fmt"
	"io"
	"os"

	"cloud.google.com/go/pubsub/v2/pstest"
)

func main() {
	server := pstest.NewServerWithAddress("127.0.0.1:0")
	fmt.Println(server.Addr)
	io.Copy(io.Discard, os.Stdin)
	server.Close()
}
