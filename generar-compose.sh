#!/bin/sh
# Writes the Compose file for the current stage: ./generar-compose.sh OUT N
#
# Runs composer: bin/composer if it is there and not older than its sources, else one built from them, in a container if
# there is no Go here. The stage is that of COMPOSER_STAGE, else of the file .stage, else ej8.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: $0 OUT N" >&2
  echo "  OUT  the Compose file to write, such as docker-compose-dev.yaml" >&2
  echo "  N    how many clients" >&2
  exit 2
fi
echo "Nombre del archivo de salida: $1"
echo "Cantidad de clientes: $2"

case $1 in
  /*) out=$1 ;;
  *) out=$(pwd)/$1 ;;
esac
cd "$(dirname "$0")"

current() { # bin/composer is there, and nothing that it is made from is newer
  [ -x bin/composer ] && [ -z "$(find composer internal templates go.mod go.sum -newer bin/composer -type f | head -n 1)" ]
}

if ! current && command -v go >/dev/null 2>&1; then
  # Not `go run`: it turns every exit code into 1.
  go build -o bin/composer ./composer
fi
if current; then
  exec bin/composer render -n "$2" -o "$out"
fi

if ! command -v docker >/dev/null 2>&1; then
  echo "$0: neither Go nor Docker is here, and composer needs one of them" >&2
  exit 1
fi
docker build -q -f composer/Dockerfile -t tp0-composer:latest . >/dev/null
if [ -L "$out" ]; then
  out=$(readlink -f "$out") # the link stays, its target is replaced
fi
new=$out.$$
trap 'rm -f "$new"' EXIT
trap 'exit 1' INT TERM
# The checkout is mounted so that .stage and the mounts' sources are seen; the file comes back on stdout.
docker run --rm -v "$(pwd):/work:ro" -e COMPOSER_STAGE tp0-composer:latest render -n "$2" >"$new"
if ! cmp -s "$new" "$out"; then
  mv "$new" "$out"
fi
