#!/usr/bin/python3
"""haproxy_server.py H2WS TUNNELS [WORD]...: our client, HAProxy, an HTTP/1.1 backend."""
import sys

import our_client
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
frontend tls
    bind 127.0.0.1:{tls} ssl crt {both} alpn h2
    default_backend echo
frontend cleartext
    bind 127.0.0.1:{cleartext} proto h2
    default_backend echo
backend echo
    server one 127.0.0.1:{backend}
"""


class HAProxy(our_client.ServerPeer):
    name = "HAProxy " + version_of("haproxy", "-v")

    # It forgets a stream with its CANCEL: what of ours crosses that gets a second reset.
    END = [["END_STREAM"], ["END_STREAM", "RST_STREAM CANCEL"],
           ["END_STREAM", "RST_STREAM CANCEL", "RST_STREAM STREAM_CLOSED"]]
    end_after_our_close = end_after_its_close = end_without_close = END
    end_of_refusal = END[1:]
    forwards_reset_as = "ConnectionResetError"

    def start(self, folder, certificates, backend):
        def make(here, ports):
            configuration = here / "haproxy.cfg"
            configuration.write_text(CONFIGURATION.format(
                tls=ports[0], cleartext=ports[1], backend=backend.port,
                both=certificates.both(here)))
            return ["haproxy", "-f", configuration, "-db"]
        return Service(folder, make, ports=2)

    def response(self, subprotocol, authority):
        return [("sec-websocket-accept", "ACCEPT"), ("sec-websocket-protocol", subprotocol)]

    def refusal(self):
        return [("content-length", "9")]

    def backend_fields(self, authority, tls, subprotocols):
        return [("host", authority), ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", subprotocols), ("upgrade", "websocket"),
                ("connection", "upgrade"), ("sec-websocket-key", "KEY")]


if __name__ == "__main__":
    sys.exit(our_client.run(HAProxy(), sys.argv[1], sys.argv[2], sys.argv[3:]))
