#!/bin/sh
# Writes the Compose file for the current stage: ./generar-compose.sh OUT N
#
# Builds bin/composer, with Go or in a container, if it is missing or older than its sources, and runs it. COMPOSER_STAGE
# chooses the stage, then the file .stage, then the default ej8.
set -eu

if [ $# -ne 2 ] || [ -z "$1" ]; then
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
self=$0
if [ -L "$self" ]; then
  self=$(readlink -f "$self")
fi
cd "$(dirname "$self")"

if [ ! -x bin/composer ] || [ -n "$(find composer internal templates services/services.go go.mod go.sum -newer bin/composer -type f | head -n 1)" ]; then
  echo "building bin/composer from its sources, which takes up to a minute the first time" >&2
  sh composer/build.sh
fi
# From ej6 on the Compose file mounts the agencies' files. Missing ones are extracted from the archive. Without an archive,
# render warns which files to provide.
if [ -f .data/dataset.zip ] || [ -f .data/datasets.zip ]; then
  bin/composer data extract --keep >/dev/null 2>&1 || :
fi
exec bin/composer render -n "$2" -o "$out"
