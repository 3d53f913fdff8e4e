"""Certificates for a test, and TLS with them."""
import os
import ssl
import subprocess

from checks import check


class Certificates:
    """A certification authority and a certificate that it signed, as files made by openssl."""

    def __init__(self, folder, names="DNS:localhost,IP:127.0.0.1"):
        self.ca, self.certificate, self.key = (os.path.join(folder, name)
                                               for name in ("ca.pem", "leaf.pem", "leaf.key"))
        ca_key, request, extensions = (os.path.join(folder, name)
                                       for name in ("ca.key", "leaf.csr", "leaf.ext"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self.openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", self.ca, "-days", "2",
                     "-subj", "/CN=a test authority",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.openssl("req", *curve, "-keyout", self.key, "-out", request, "-subj", "/CN=a test")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"
                       "extendedKeyUsage=serverAuth\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key,
                     "-CAcreateserial", "-days", "2", "-out", self.certificate,
                     "-extfile", extensions)

    def both(self, folder):
        """A copy of certificate and key in one file, which the folder's owner can be given."""
        path = os.path.join(folder, "both.pem")
        with open(path, "wb") as copy:
            for part in (self.certificate, self.key):
                with open(part, "rb") as file:
                    copy.write(file.read())
        return path

    def openssl(self, *arguments):
        run = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, timeout=30,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        check(run.returncode == 0, f"openssl {arguments[0]}: {run.stdout.decode()}")

    def context(self, protocols=("h2",)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


def trusting_context(protocols=("h2",)):
    """A TLS client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context
