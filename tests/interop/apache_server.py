#!/usr/bin/python3
"""apache_server.py H2WS TUNNELS [WORD]...: our client, Apache httpd, an HTTP/1.1 backend."""
import sys

import our_client
from services import Service, version_of

MODULES = ["mpm_event", "authz_core", "ssl", "http2", "proxy", "proxy_http"]

CONFIGURATION = """
ServerTokens Prod
ServerRoot {here}
ServerName localhost
PidFile {here}/pid
ErrorLog {here}/error.log
DocumentRoot {here}
Mutex file:{here} default
{modules}
Listen 127.0.0.1:{tls}
Listen 127.0.0.1:{cleartext}
H2WebSockets on
ProxyPass / http://127.0.0.1:{backend}/ upgrade=websocket
Protocols h2c
<VirtualHost *:{tls}>
  SSLEngine on
  SSLCertificateFile {both}
  Protocols h2
</VirtualHost>
"""


class Apache(our_client.ServerPeer):
    name = "Apache httpd " + version_of("apache2", "-v", pattern=r"Apache/([\d.]+)")

    # What the backend sends with its 101, and that it ended TCP, is told to a client that speaks.
    holds_until_spoken_to = True
    end_after_our_close = [["END_STREAM"]]
    end_after_its_close = [["END_STREAM"]]
    end_without_close = [["END_STREAM", "RST_STREAM NO_ERROR"], ["END_STREAM"]]
    end_of_refusal = [["END_STREAM", "RST_STREAM NO_ERROR"]]

    def start(self, folder, certificates, backend):
        self.backend = backend

        def make(here, ports):
            configuration = here / "httpd.conf"
            configuration.write_text(CONFIGURATION.format(
                here=here, tls=ports[0], cleartext=ports[1], backend=backend.port,
                both=certificates.both(here),
                modules="\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
                                  for name in MODULES)))
            # One process, in the foreground. As root it would want another user for its children.
            return ["apache2", "-X", "-f", configuration]
        return Service(folder, make, ports=2, unprivileged=True)

    def response(self, subprotocol, authority):
        return [("sec-websocket-protocol", subprotocol)]

    def refusal(self):
        return [("content-length", "9"), ("date", "DATE"), ("server", "Apache")]

    def backend_fields(self, authority, tls, subprotocols):
        return [("host", f"127.0.0.1:{self.backend.port}"), ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", subprotocols), ("sec-websocket-key", "KEY"),
                ("x-forwarded-for", "127.0.0.1"), ("x-forwarded-host", authority),
                ("x-forwarded-server", "localhost"), ("content-length", "0"),
                ("connection", "Upgrade"), ("upgrade", "websocket")]


if __name__ == "__main__":
    sys.exit(our_client.run(Apache(), sys.argv[1], sys.argv[2], sys.argv[3:]))
