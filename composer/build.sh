#!/bin/sh
# Builds bin/composer: with Go, or in a container where there is none. Not `go run`: it turns every exit code into 1.
set -eu
cd "$(dirname "$0")/.."

if command -v go >/dev/null 2>&1; then
  exec go build -o bin/composer ./composer
fi
if ! command -v docker >/dev/null 2>&1; then
  echo "composer: neither Go nor Docker is here, and one of them is needed to build it" >&2
  exit 1
fi
docker build -q --force-rm -f composer/Dockerfile --build-arg "TARGET_OS=$(uname -s | tr '[:upper:]' '[:lower:]')" -t tp0-composer:latest . >/dev/null
container=$(docker create tp0-composer:latest)
trap 'docker rm "$container" >/dev/null' EXIT
trap 'exit 1' INT TERM
mkdir -p bin
docker cp "$container:/composer" bin/composer >/dev/null
touch bin/composer # a cached image is older than the sources it was made from
