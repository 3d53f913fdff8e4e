#!/usr/bin/python3
"""lighttpd_server.py H2WS TUNNELS [WORD]...: our client, lighttpd, an HTTP/1.1 backend."""
import sys

import our_client
from services import Service, version_of

CONFIGURATION = """
server.modules = ("mod_openssl", "mod_proxy")
server.document-root = "{here}"
server.errorlog = "{here}/error.log"
server.bind = "127.0.0.1"
server.port = {cleartext}
server.feature-flags = ("server.h2proto" => "enable", "server.h2c" => "enable")
server.stream-request-body = 2
server.stream-response-body = 2
$SERVER["socket"] == "127.0.0.1:{tls}" {{
  ssl.engine = "enable"
  ssl.pemfile = "{both}"
}}
proxy.server = ("" => (("host" => "127.0.0.1", "port" => {backend})))
proxy.header = ("upgrade" => "enable")
"""


class Lighttpd(our_client.ServerPeer):
    name = "lighttpd " + version_of("lighttpd", "-v")

    end_after_our_close = [["END_STREAM", "RST_STREAM NO_ERROR"], ["END_STREAM"]]
    end_after_its_close = [["END_STREAM", "RST_STREAM NO_ERROR"], ["END_STREAM"]]
    end_without_close = [["END_STREAM", "RST_STREAM NO_ERROR"], ["END_STREAM"]]
    end_of_refusal = [["END_STREAM", "RST_STREAM NO_ERROR"]]
    own_fields = [("date", "DATE"), ("server", "lighttpd/" + version_of("lighttpd", "-v"))]

    def start(self, folder, certificates, backend):
        def make(here, ports):
            configuration = here / "lighttpd.conf"
            configuration.write_text(CONFIGURATION.format(
                here=here, tls=ports[0], cleartext=ports[1], backend=backend.port,
                both=certificates.both(here)))
            return ["lighttpd", "-D", "-f", configuration]
        return Service(folder, make, ports=2)

    def response(self, subprotocol, authority):
        return [("sec-websocket-protocol", subprotocol), *self.own_fields]

    def refusal(self):
        return [("content-length", "9"), *self.own_fields]

    def backend_fields(self, authority, tls, subprotocols):
        return [("host", authority), ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", subprotocols), ("x-forwarded-for", "127.0.0.1"),
                ("x-host", authority), ("x-forwarded-host", authority),
                ("x-forwarded-proto", "https" if tls else "http"), ("sec-websocket-key", "KEY"),
                ("upgrade", "websocket"), ("connection", "close, upgrade")]


if __name__ == "__main__":
    sys.exit(our_client.run(Lighttpd(), sys.argv[1], sys.argv[2], sys.argv[3:]))
