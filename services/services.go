// Package services holds what the images of the two services carry beside their programs: the configuration files that
// come with the lab.
package services

import _ "embed"

// The files as they stand in the images, at /config.ini and /config.yaml.
var (
	//go:embed server/config.ini
	ServerConfig []byte
	//go:embed client/config.yaml
	ClientConfig []byte
)
