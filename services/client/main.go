// Command client is the lab's client.
package main

import (
	"os"

	"github.com/tp0-lab/composer/internal/client"
	"github.com/tp0-lab/composer/internal/service"
)

func main() { os.Exit(service.Main(client.Run)) }
