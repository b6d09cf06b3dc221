# What people write today: stage ej8 with N clients, by f-strings.
import sys

n = int(sys.argv[1])
lifted = " --max-replicas 0" if n > 1022 else ""

# The smallest subnet with an address for each client, the server and one more.
bits = 24
while 2 ** (32 - bits) - 3 < n + 2:
    bits -= 1
second, third = divmod((25 << 8 | 125) & -1 << (24 - bits), 256)

print(f"""# Made by: composer render --stage ej8 -n {n}{lifted}
name: tp0

services:
  server:
    container_name: server
    image: server:latest
    entrypoint: /server
    environment:
      SERVER_MODE: "lottery"
      SERVER_CONCURRENCY: "0"
      SERVER_AGENCIES: "{n}"
    volumes:
      - type: bind
        source: ./services/server/config.ini
        target: /config.ini
        read_only: true
        bind:
          create_host_path: false
    networks:
      - testing_net""")

for i in range(1, n + 1):
    print(f"""
  client{i}:
    container_name: client{i}
    image: client:latest
    entrypoint: /client
    environment:
      CLI_ID: "{i}"
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
        source: ./.data/agency-{i}.csv
        target: /agency.csv
        read_only: true
        bind:
          create_host_path: false
    networks:
      - testing_net
    depends_on:
      - server""")

print(f"""
networks:
  testing_net:
    ipam:
      driver: default
      config:
        - subnet: 172.{second}.{third}.0/{bits}""")
