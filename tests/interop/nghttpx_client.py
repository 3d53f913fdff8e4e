#!/usr/bin/python3
"""nghttpx_client.py H2WS TUNNELS [WORD]...: nghttpx as a client of our server."""
import sys

import our_server
from services import Service, version_of


class Nghttpx(our_server.ClientPeer):
    name = "nghttpx " + version_of("nghttpx", "--version", pattern=r"nghttp2/([\d.]+)")
    settings = {3: 100, 4: 65535, 9: 1}
    response_fields = [("server", "nghttpx"), ("via", "2 nghttpx")]
    end_after_close = []  # never: our server resets
    abandons = (["RST_STREAM INTERNAL_ERROR"], 'error=reset_by_peer section="RFC 8441 5"')

    def start(self, folder, certificates, target, tls):
        backend = f"127.0.0.1,{target};;proto=h2" + (";tls;sni=localhost" if tls else "")
        return Service(folder, lambda here, ports: [
            "nghttpx", "--conf=/dev/null", f"--frontend=127.0.0.1,{ports[0]};no-tls",
            f"--frontend=127.0.0.1,{ports[1]};no-tls", f"--backend={backend}",
            f"--cacert={certificates.ca}", "--no-ocsp", "--workers=1", "--single-process",
            "--accesslog-file=/dev/null"], ports=2)

    def request(self, path, authority, tls, more):
        return [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                (":path", path), (":authority", authority), ("sec-websocket-version", "13"), *more,
                ("x-forwarded-proto", "http"), ("via", "1.1 nghttpx")]


if __name__ == "__main__":
    sys.exit(our_server.run(Nghttpx(), sys.argv[1], sys.argv[2], sys.argv[3:]))
