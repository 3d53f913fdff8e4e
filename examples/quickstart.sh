#!/bin/sh
# Builds the h2ws command and shows a WebSocket over HTTP/2 and TLS: a server, a client, and what
# they say to each other. On a Debian 12 it first installs what is missing. It can be run again.
set -eu
cd "$(dirname "$0")/.."
build=build/quickstart

sh tests/install.sh g++ meson ninja-build pkg-config libasio-dev libssl-dev \
    zlib1g-dev libcli11-dev openssl python3

echo "== building the h2ws command in $build"
[ -f "$build/build.ninja" ] ||
    meson setup "$build" -Dbuildtype=plain -Doptimization=2 -Dtests=disabled -Dexamples=disabled -Dtools=enabled \
        -Dnghttp2=disabled
ninja -C "$build"

work=$(mktemp -d)
server=
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

echo "== making a certificate for localhost"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null

echo "== h2ws serve: an echo server on a free port of 127.0.0.1"
"$build/tools/h2ws" serve --listen 127.0.0.1:0 --tls-cert "$work/cert.pem" \
    --tls-key "$work/key.pem" --subprotocol chat >"$work/server.log" 2>&1 &
server=$!
tries=0
until grep -q '^listening on ' "$work/server.log"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$work/server.log"
        exit 1
    fi
    sleep 0.1
done
port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/server.log")

echo "== h2ws connect -v: what the client sees (-v), and the echo (the lines without a mark)"
"$build/tools/h2ws" connect "wss://localhost:$port/chat" --ca "$work/cert.pem" --subprotocol chat \
    --message 'Hello over HTTP/2' --message 'and once more' -v >"$work/echo.txt" 2>"$work/client.log"
sed 's/^/   | /' "$work/client.log"
cat "$work/echo.txt"

kill -TERM "$server"
wait "$server"
server=
echo "== what the server saw"
cat "$work/server.log"

printf 'Hello over HTTP/2\nand once more\n' | cmp -s - "$work/echo.txt" || {
    echo "the echo is not what was sent"
    exit 1
}
echo "== done: two messages, echoed over one HTTP/2 stream, closed clean"
echo "== to try it by hand, in two terminals:"
echo "   $build/tools/h2ws serve --listen 127.0.0.1:8443 --self-signed"
echo "   $build/tools/h2ws connect wss://localhost:8443/ --insecure"
