#!/usr/bin/python3
"""hypercorn_server.py H2WS TUNNELS [WORD]...: our client against hypercorn."""
import pathlib
import shutil
import sys

import our_client
from peers import check_equal
from services import Service, version_of


class Hypercorn(our_client.ServerPeer):
    name = "hypercorn " + version_of(sys.executable, "-c", "import importlib.metadata as m;"
                                     "print(m.version('hypercorn'))")
    behind = False
    end_with_reset = True  # its h2 raises on END_STREAM after both Closes, the connection is lost

    lacks = ["/end"]
    compression = "permessage-deflate; client_max_window_bits=15"
    compresses = True
    end_after_our_close = [[]]
    end_after_its_close = [["END_STREAM"]]
    end_of_refusal = [["END_STREAM"]]

    def start(self, folder, certificates, backend):
        def make(here, ports):
            shutil.copy(pathlib.Path(__file__).with_name("hypercorn_app.py"), here)
            return [sys.executable, "-m", "hypercorn", "--workers", "1",
                    "--bind", f"127.0.0.1:{ports[0]}", "--insecure-bind", f"127.0.0.1:{ports[1]}",
                    "--certfile", certificates.certificate, "--keyfile", certificates.key,
                    "hypercorn_app.py:app"]
        return Service(folder, make, ports=2)

    def response(self, subprotocol, authority):
        came = [("host", authority), ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", self.subprotocols)]
        return [("sec-websocket-protocol", subprotocol), ("x-fields", repr(came)), *self.own_fields]

    def refusal(self):
        return [("content-length", "0"), *self.own_fields]

    own_fields = [("date", "DATE"), ("server", "hypercorn-h2")]


def a_failing_application_takes_the_connection_with_it(test, tls):
    client = our_client.Client(test, tls)
    with client.tap, client.process:
        bystander, tunnel = client.open(), client.open("/end")
        bystander.echo("text", b"before")
        tunnel.send("text", b"fail")
        check_equal("the code, which should be 1011", tunnel.received_code(), 1000)
        check_equal("how the second ended", bystander.wait_closed(), "connection_lost")
        connection = client.tap.connections[0]
        check_equal("GOAWAY, and who ended the connection",
                    (connection.goaways("server"), connection.ended), ([], "server"))


if __name__ == "__main__":
    sys.exit(our_client.run(Hypercorn(), sys.argv[1], sys.argv[2], sys.argv[3:], more=[
        our_client.end_stream_drops_the_connection,
        a_failing_application_takes_the_connection_with_it]))
