#!/bin/sh
# Sends a message to the echo server from inside the lab's network and prints whether it came back. Netcat runs in a
# throw-away container, so that the host needs no netcat and the server publishes no port.
fail() {
  [ -z "${1:-}" ] || echo "validar-echo-server.sh: $1" >&2
  echo "action: test_echo_server | result: fail"
  exit 1
}
self=$0
if [ -L "$self" ]; then
  self=$(readlink -f "$self")
fi
cd "$(dirname "$self")" || fail "there is no directory $(dirname "$self")"

network=${COMPOSE_PROJECT_NAME:-tp0}_testing_net
image=${NETCAT_IMAGE:-busybox:latest}
# The last SERVER_PORT of config.ini counts, in any case, with = or : and without a comment's mark before it.
port=$(sed -n 's/^[[:space:]]*[Ss][Ee][Rr][Vv][Ee][Rr]_[Pp][Oo][Rr][Tt][[:space:]]*[=:][[:space:]]*\([0-9][0-9]*\)[[:space:]]*$/\1/p' services/server/config.ini | tail -n 1)
port=${port:-12345}
message="echo check $$ $(date +%s)"

name=echo-check-$$
answer=$(mktemp) || fail "mktemp cannot make a file"
trouble=$(mktemp) || fail "mktemp cannot make a file"
watchdog=
trap '[ -z "$watchdog" ] || kill "$watchdog" 2>/dev/null; docker rm -f "$name" >/dev/null 2>&1; rm -f "$answer" "$trouble"' EXIT
trap 'fail "interrupted"' INT TERM

# Netcat gets 5 s from connect to end. Everything else (a pull, a busy engine) gets a minute.
printf '%s\n' "$message" | docker run --rm -i --name "$name" --network "$network" "$image" \
  timeout 5 nc server "$port" >"$answer" 2>"$trouble" &
check=$!
( sleep 60 & sleeper=$!; trap 'kill $sleeper 2>/dev/null; exit' TERM; wait $sleeper; kill $check 2>/dev/null ) >/dev/null 2>&1 &
watchdog=$!
wait $check 2>/dev/null
code=$?

[ "$(cat "$answer")" = "$message" ] || fail "$(
  if [ -s "$answer" ]; then
    echo "the server on port $port answered '$(head -c 200 "$answer")' to '$message'"
  elif ! command -v docker >/dev/null; then
    echo "there is no docker here, and netcat runs in a container"
  elif [ $code -ge 125 ] && [ -s "$trouble" ]; then
    echo "docker ran no netcat: $(head -n 1 "$trouble")"
  elif [ $code -ge 128 ]; then
    echo "no answer within a minute"
  else
    echo "no answer from server:$port in the network $network within 5 seconds $(head -n 1 "$trouble")"
  fi
)"
echo "action: test_echo_server | result: success"
