// Command client is the lab's client.
package main

import (
	"os"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/service"
)

func main() { os.Exit(service.Main(client.Run)) }
