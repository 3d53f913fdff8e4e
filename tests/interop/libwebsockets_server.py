#!/usr/bin/python3
"""libwebsockets_server.py H2WS TUNNELS ECHO [WORD]...: our client against libwebsockets."""
import os
import sys

import our_client
from services import Service, version_of


class Libwebsockets(our_client.ServerPeer):
    name = "libwebsockets " + version_of("pkg-config", "--modversion", "libwebsockets")
    cleartext = False  # it takes no HTTP/2 with prior knowledge
    behind = False
    end_with_reset = True

    def __init__(self, echo):
        self.echo = os.path.abspath(echo)

    def start(self, folder, certificates, backend):
        return Service(folder, lambda here, ports: [
            self.echo, ports[0], certificates.certificate, certificates.key], ports=1)

    def response(self, subprotocol, authority):
        return [("sec-websocket-protocol", subprotocol)]

    def refusal(self):
        return [("content-length", "0")]


if __name__ == "__main__":
    sys.exit(our_client.run(Libwebsockets(sys.argv[3]), sys.argv[1], sys.argv[2], sys.argv[4:],
                            more=[our_client.end_stream_drops_the_connection]))
