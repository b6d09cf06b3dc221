# What people write today: stage ej8 with N clients, by a loop over a heredoc.
n=$1

# The smallest subnet with an address for each client, the server and one more.
bits=24
while (( (1 << (32 - bits)) - 3 < n + 2 )); do
  (( bits-- ))
done
third=$(( 125 & (0xFF << (24 - bits)) ))

cat <<EOF
# Made by: composer render --stage ej8 -n $n
name: tp0

services:
  server:
    container_name: server
    image: server:latest
    entrypoint: /server
    environment:
      SERVER_MODE: "lottery"
      SERVER_CONCURRENCY: "0"
      SERVER_AGENCIES: "$n"
    volumes:
      - type: bind
        source: ./services/server/config.ini
        target: /config.ini
        read_only: true
        bind:
          create_host_path: false
    networks:
      - testing_net
EOF

for (( i = 1; i <= n; i++ )); do
  cat <<EOF

  client$i:
    container_name: client$i
    image: client:latest
    entrypoint: /client
    environment:
      CLI_ID: "$i"
      CLI_LINGER: "2s"
      CLI_MODE: "lottery"
    volumes:
      - type: bind
        source: ./services/client/config.yaml
        target: /config.yaml
        read_only: true
        bind:
          create_host_path: false
      - type: bind
        source: ./.data/agency-$i.csv
        target: /agency.csv
        read_only: true
        bind:
          create_host_path: false
    networks:
      - testing_net
    depends_on:
      - server
EOF
done

cat <<EOF

networks:
  testing_net:
    ipam:
      driver: default
      config:
        - subnet: 172.25.$third.0/$bits
EOF
