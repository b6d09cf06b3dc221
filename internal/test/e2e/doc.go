// Package e2e runs the lab's stages in containers, as people run them: with
// generar-compose.sh, configuration files and `docker compose`. It uses images
// and a Compose project of its own, and removes what it made. Its tests have the build tag e2e.
package e2e
