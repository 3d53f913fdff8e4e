#!/usr/bin/python3
"""haproxy_client.py H2WS TUNNELS [WORD]...: HAProxy as a client of our server."""
import sys

import our_server
from http1 import Client
from services import Service, version_of

CONFIGURATION = """
global
    maxconn 100
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
frontend http1
    bind 127.0.0.1:{http1}
    default_backend ours
frontend http2
    bind 127.0.0.1:{http2} proto h2
    default_backend ours
backend ours
    http-reuse always
    server one 127.0.0.1:{target} {how}
"""


class HAProxy(our_server.ClientPeer):
    name = "HAProxy " + version_of("haproxy", "-v")
    settings = {2: 0, 8: 1, 3: 100}  # SETTINGS_ENABLE_CONNECT_PROTOCOL from a client
    sends_key = True
    end_after_close = ["END_STREAM"]
    # With 300,000 it stops: it held 81,927 bytes for the client, which had granted 65,535 more, and
    # sent our server nothing, which had granted 65,535 more.
    most_between = 30_000
    abandons = (["END_STREAM"], 'error=end_stream_without_close section="RFC 6455 7.1.5"')

    def start(self, folder, certificates, target, tls):
        def make(here, ports):
            secure = (f"ssl verify required ca-file {certificates.ca} sni str(localhost) "
                      "verifyhost localhost alpn h2 ws h2")
            configuration = here / "haproxy.cfg"
            configuration.write_text(CONFIGURATION.format(
                http1=ports[0], http2=ports[1], target=target,
                how=secure if tls else "proto h2 ws h2"))
            return ["haproxy", "-f", configuration, "-db"]
        return Service(folder, make, ports=2)

    def request(self, path, authority, tls, more):
        return [(":method", "CONNECT"), (":scheme", "https"), (":authority", authority),
                (":path", path), (":protocol", "websocket"), ("sec-websocket-key", Client.key),
                ("sec-websocket-version", "13"), *more]


if __name__ == "__main__":
    sys.exit(our_server.run(HAProxy(), sys.argv[1], sys.argv[2], sys.argv[3:]))
