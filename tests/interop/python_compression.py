#!/usr/bin/python3
"""python_compression.py H2WS: `serve --deflate` and `connect --deflate` against python-h2 and wsproto,
and against what they would never send.
"""
import sys
import zlib

from wsproto.connection import CLIENT, SERVER, Connection
from wsproto.extensions import PerMessageDeflate

from peers import (BINARY, CANCEL, CONTINUATION, PING, TEXT, Cases, Certificates, check,
                   check_equal, frame, sample, sample_text, temporary_folder)
from python_client import Server, connection, expect_failed, masked
from python_server import Test

FIELD = "sec-websocket-extensions"
PLAIN = "permessage-deflate"
LARGEST_MESSAGE = 4 << 20
RSV1 = 4


def deflated(data, flush=zlib.Z_SYNC_FLUSH):
    """A message as RFC 7692 section 7.2.1 has it."""
    compress = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compress.compress(data) + compress.flush(flush))[:-4]


def said(stream):
    return sum(len(data) for data, _ in stream.chunks)


# `h2ws serve --deflate` --------------------------------------------------------------------------

ANSWERS = [  # an offer, and what we make of it
    (PLAIN, PLAIN),
    (f"{PLAIN}; client_max_window_bits", PLAIN),
    (f'{PLAIN}; client_max_window_bits="12"', f"{PLAIN}; client_max_window_bits=12"),
    (f"{PLAIN}; server_no_context_takeover; client_no_context_takeover",
     f"{PLAIN}; server_no_context_takeover; client_no_context_takeover"),
    (f"{PLAIN}; server_max_window_bits=9", f"{PLAIN}; server_max_window_bits=9"),
    (f"x-other, {PLAIN}; server_max_window_bits=7, {PLAIN}; server_max_window_bits=10",
     f"{PLAIN}; server_max_window_bits=10"),
]

DECLINED = [f"{PLAIN}; server_max_window_bits=7", f"{PLAIN}; unknown=1", f"{PLAIN}-2",
            f"{PLAIN}; client_no_context_takeover; client_no_context_takeover",
            f"{PLAIN}; server_no_context_takeover=1", f"{PLAIN}; server_max_window_bits"]


def offers_are_answered(server):
    with connection(server) as client:
        for offer, answer in ANSWERS:
            tunnel = client.open([(FIELD, offer)], [(FIELD, answer)])
            check_equal("the opened line", server.opened(tunnel), {"extensions": answer})
            extension = PerMessageDeflate()
            extension.finalize(answer)
            tunnel.websocket = Connection(CLIENT, [extension])
            for message in ("hello", "hello", "x" * 200_000, sample(70_000), sample_text(70_000),
                            bytes(1_000_000), ""):
                before = said(tunnel)
                tunnel.echo(message)
                if len(message) >= 200_000:
                    check(said(tunnel) - before < 5_000, f"{len(message)} came uncompressed")
            client.finish(tunnel)


def offers_are_declined(server):
    with connection(server) as client:
        for offer in DECLINED:
            tunnel = client.open([(FIELD, offer)])
            check_equal("the opened line", server.opened(tunnel), {})
            tunnel.echo("x" * 1_000)
            check(said(tunnel) > 1_000, "it came compressed")
            client.finish(tunnel)


def opened(client):
    tunnel = client.open([(FIELD, PLAIN)], [(FIELD, PLAIN)])
    extension = PerMessageDeflate()
    extension.finalize(PLAIN)
    tunnel.websocket = Connection(CLIENT, [extension])
    return tunnel


def pings_between_fragments(server):
    with connection(server) as client:
        tunnel = opened(client)
        octets = deflated(b"between")
        tunnel.send(masked(TEXT, octets[:3], fin=False, reserved=RSV1) + masked(PING, b"one")
                    + masked(CONTINUATION, octets[3:5], fin=False) + masked(PING, b"two")
                    + masked(CONTINUATION, octets[5:]) + masked(TEXT, b"plain"))
        tunnel.wait_messages(2)
        check_equal("the echoes", tunnel.messages, ["between", "plain"])
        client.finish(tunnel)


VIOLATIONS = [  # what is sent, the code, and the rule that it breaks
    (masked(TEXT, deflated(b"\xff\xfe"), reserved=RSV1), 1007, "text_not_utf8", "RFC 6455 8.1"),
    (masked(TEXT, b"\xff" * 20, reserved=RSV1), 1007, "extension_data_invalid", "RFC 7692 6.2"),
    (masked(TEXT, deflated(b"cut short")[:-3], reserved=RSV1), 1007, "extension_data_invalid",
     "RFC 7692 6.2"),
    (masked(TEXT, deflated(b"a")[:1], fin=False, reserved=RSV1)
     + masked(CONTINUATION, deflated(b"a")[1:], reserved=RSV1), 1002, "reserved_bit",
     "RFC 6455 5.2"),
    (masked(PING, b"abc", reserved=RSV1), 1002, "reserved_bit", "RFC 6455 5.2"),
    (masked(TEXT, b"abc", reserved=2), 1002, "reserved_bit", "RFC 6455 5.2"),
    (masked(BINARY, deflated(bytes(50_000_000)), reserved=RSV1), 1009, "inflates_too_much",
     "RFC 6455 10.4"),
    (masked(BINARY, deflated(sample(LARGEST_MESSAGE + 1)), reserved=RSV1), 1009,
     "inflates_too_much", "RFC 6455 10.4"),
]


def violations_fail_the_tunnel_alone(server):
    with connection(server) as client:
        for octets, code, error, section in VIOLATIONS:
            tunnel = opened(client)
            tunnel.echo("hello")
            tunnel.send(octets)
            expect_failed(server, tunnel, code, error, section)
            client.bystander.echo(error)


def compression_is_off_by_default(tool):
    with Server(tool, "cleartext") as server, connection(server) as client:
        tunnel = client.open([(FIELD, PLAIN)])
        tunnel.send(masked(TEXT, deflated(b"hello"), reserved=RSV1))
        expect_failed(server, tunnel, 1002, "reserved_bit", "RFC 6455 5.2")


# `h2ws connect --deflate` ------------------------------------------------------------------------


def asked(session, answer):
    """The tunnel that the client asked for, answered with that."""
    stream = session.asked()
    check_equal("the offer", dict(stream.fields)[FIELD], f"{PLAIN}; client_max_window_bits")
    extension = PerMessageDeflate()
    if answer:
        extension.accept(f"{PLAIN}; client_max_window_bits")
        extension.finalize(answer)
    stream.websocket = Connection(SERVER, [extension])
    session.endpoint.respond(stream, [(":status", "200"), *([(FIELD, answer)] if answer else [])])
    return stream


def messages_are_compressed_both_ways(test):
    text = "compressible " * 8_000
    for answer in (PLAIN, f"{PLAIN}; client_max_window_bits=9",
                   f"{PLAIN}; server_no_context_takeover; client_no_context_takeover", None):
        with test.connect("--deflate") as session:
            tunnel = asked(session, answer)
            session.process.write(f"hello\n{text}\n")
            tunnel.wait_messages(2)
            check_equal("the messages", tunnel.messages, ["hello", text])
            check((said(tunnel) < 10_000) == bool(answer), f"{said(tunnel)} octets came")
            tunnel.send_message("back " * 10_000)
            session.process.wait_line("(back ){10000}")
            session.finish(tunnel)


WRONG_ANSWERS = [  # the last of them where our client would not know whose output it inflates
    (f"{PLAIN}; server_max_window_bits=16", "deflate_parameters_invalid"),
    (f"{PLAIN}; client_max_window_bits", "deflate_parameters_invalid"),
    (f"{PLAIN}; unknown", "deflate_parameters_invalid"),
    (f"{PLAIN}; server_no_context_takeover; server_no_context_takeover",
     "deflate_parameters_invalid"),
    (f"{PLAIN}, {PLAIN}", "extension_conflict"),
    ("x-other", "extension_not_offered"),
]


def wrong_answers_fail_the_handshake(test):
    for answer, error in WRONG_ANSWERS:
        with test.connect("--deflate", "--message", "x") as session:
            stream = session.asked()
            session.endpoint.respond(stream, [(":status", "200"), (FIELD, answer)])
            stream.wait_reset()
            check_equal("the code of the reset", stream.reset, CANCEL)
            check_equal("DATA that the client sent", stream.body, b"")
            session.expect_exit(4)
            check(error in session.process.said(),
                  f"{answer}: no {error} in {session.process.said()}")


def a_bomb_ends_the_command(test):
    with test.connect("--deflate") as session:  # whose input goes on: it never closes first
        tunnel = asked(session, PLAIN)
        tunnel.send(frame(BINARY, deflated(bytes(50_000_000)), reserved=RSV1))
        session.expect_close(tunnel, 1009)
        session.expect_exit(4)
        check("inflates_too_much" in session.process.said(), session.process.said())


def main(tool):
    cases = Cases(total_seconds=110)
    for mode in ("tls", "cleartext"):
        with Server(tool, mode, "--deflate", "--max-message", str(LARGEST_MESSAGE)) as server:
            for case in (offers_are_answered, offers_are_declined, pings_between_fragments,
                         violations_fail_the_tunnel_alone):
                cases.run(f"{mode}: {case.__name__.replace('_', ' ')}", case, server)
    cases.run("compression is off by default", compression_is_off_by_default, tool)
    with temporary_folder() as ours, temporary_folder() as foreign:
        test = Test(tool, (ours, foreign))
        for case in (messages_are_compressed_both_ways, wrong_answers_fail_the_handshake,
                     a_bomb_ends_the_command):
            cases.run(case.__name__.replace("_", " "), case, test)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
