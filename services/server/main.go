// Command server is the lab's server.
package main

import (
	"os"

	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

func main() { os.Exit(service.Main(server.Run)) }
