#!/usr/bin/python3
"""libwebsockets_server.py H2WS TUNNELS ECHO [WORD]...: our client against libwebsockets."""
import os
import sys

import our_client
from peers import check, check_equal, sample, sample_text
from processes import ENGINE
from services import Service, version_of


class Libwebsockets(our_client.ServerPeer):
    name = "libwebsockets " + version_of("pkg-config", "--modversion", "libwebsockets")
    cleartext = False  # it takes no HTTP/2 with prior knowledge
    behind = False
    end_with_reset = True
    goaway_on_end_stream = ["STREAM_CLOSED"]
    large = 60_000
    lacks = ["/end"]
    settings = {3: 24, 4: 0}  # streams at a time, and their windows
    end_after_our_close = [["END_STREAM"]]
    end_after_its_close = [["RST_STREAM NO_ERROR"]]
    end_of_refusal = [["END_STREAM"]]

    def __init__(self, echo):
        self.echo = os.path.abspath(echo)

    def start(self, folder, certificates, backend):
        return Service(folder, lambda here, ports: [
            self.echo, ports[0], certificates.certificate, certificates.key], ports=1)

    def response(self, subprotocol, authority):
        return [("sec-websocket-protocol", subprotocol)]

    def refusal(self):
        return [("content-type", "text/html"), ("content-length", "173")]


def is_echoed_and_then_reset(client, kind, payload, pieces):
    """Whether the echo was whole before the stream was reset, as it is in any case."""
    tunnel = client.open()
    tunnel.send_message(kind, payload, pieces)
    check_equal("how it closed", tunnel.wait(r"closed NAME (.*)")[1],
                "reset_by_peer FLOW_CONTROL_ERROR")
    if tunnel.messages():
        check_equal("the echo", tunnel.messages(), [(kind, payload)])
    return bool(tunnel.messages())


def a_large_message_is_echoed_and_then_the_stream_is_reset(test, tls):
    # It counts WINDOW_UPDATEs wrongly: how soon that shows depends on when they come, sometimes
    # before the last of the echo has left.
    with test.connection(tls) as client:
        text, binary = sample_text(our_client.LARGE).encode(), sample(our_client.LARGE)
        check(any(is_echoed_and_then_reset(client, "text", text, 1) for _ in range(5)),
              "no echo of a text was whole in five")
        if ENGINE == "http2":  # whose WINDOW_UPDATEs for five fragments come late enough
            tunnel = client.open()
            tunnel.echo("binary", binary, 5)
            tunnel.echo("text", b"and once more")
            return
        check(any(is_echoed_and_then_reset(client, "binary", binary, 5) for _ in range(5)),
              "no echo of fragments was whole in five")


def an_end_without_a_close_is_a_reset(test, tls):
    with test.connection(tls) as client:
        tunnel = client.open("/end")
        tunnel.send("text", b"end")
        check_equal("how it ended", tunnel.wait(r"closed NAME (.*)")[1], "reset_by_peer NO_ERROR")


if __name__ == "__main__":
    sys.exit(our_client.run(Libwebsockets(sys.argv[3]), sys.argv[1], sys.argv[2], sys.argv[4:],
                            more=[
                                our_client.end_stream_drops_the_connection,
                                a_large_message_is_echoed_and_then_the_stream_is_reset,
                                an_end_without_a_close_is_a_reset]))
