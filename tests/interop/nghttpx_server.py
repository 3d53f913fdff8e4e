#!/usr/bin/python3
"""nghttpx_server.py H2WS TUNNELS [WORD]...: our client, nghttpx, an HTTP/1.1 backend."""
import sys

import our_client
from services import Service, version_of


class Nghttpx(our_client.ServerPeer):
    name = "nghttpx " + version_of("nghttpx", "--version", pattern=r"nghttp2/([\d.]+)")
    # When the backend has closed, the rest is not waited for.
    end_after_our_close = [["END_STREAM", "RST_STREAM NO_ERROR"], ["END_STREAM"]]
    end_after_its_close = [["END_STREAM", "RST_STREAM NO_ERROR"], ["END_STREAM"]]
    end_without_close = [["END_STREAM", "RST_STREAM NO_ERROR"], ["END_STREAM"]]
    end_of_refusal = [["END_STREAM", "RST_STREAM NO_ERROR"]]

    def start(self, folder, certificates, backend):
        return Service(folder, lambda here, ports: [
            "nghttpx", "--conf=/dev/null", f"--frontend=127.0.0.1,{ports[0]}",
            f"--frontend=127.0.0.1,{ports[1]};no-tls", f"--backend=127.0.0.1,{backend.port}",
            "--no-ocsp", "--workers=1", "--single-process", "--accesslog-file=/dev/null",
            certificates.key, certificates.certificate], ports=2)

    def response(self, subprotocol, authority):
        return [("sec-websocket-protocol", subprotocol), *self.own_fields]

    def refusal(self):
        return [("content-length", "9"), *self.own_fields]

    own_fields = [("server", "nghttpx"), ("via", "1.1 nghttpx")]

    def backend_fields(self, authority, tls, subprotocols):
        return [("host", authority), ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", subprotocols), ("sec-websocket-key", "KEY"),
                ("upgrade", "websocket"), ("connection", "Upgrade"),
                ("x-forwarded-proto", "https" if tls else "http"), ("via", "2 nghttpx")]


if __name__ == "__main__":
    sys.exit(our_client.run(Nghttpx(), sys.argv[1], sys.argv[2], sys.argv[3:]))
