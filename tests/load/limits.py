"""limits.py SERVER CLIENT: what a peer can make a server hold that does not read, or not stop.

The server counts what malloc has given out: its peak is held against the limits that were set.
"""
import sys
import time

from processes import Cases, Client, Server, check, check_counts

MAX_QUEUED = 1 << 20
BESIDE_QUEUE = 64 << 10      # what a connection has on its way to the transport
COPIED = 4 << 10             # messages above are not copied, and held whole until they have left
FRAGMENT = 2 * 16_384        # the echo puts small pieces together to that, in vectors that double
WINDOW = 65_535              # of a stream, the default
MESSAGE, HEADER = 16_000, 8  # what a blocked tunnel sends: the payload, and a client's header to it
SMALL_BUFFERS = 4_096        # of the sockets, so that the kernel holds little

rows = []


def settled(server):
    """The report of a server in which nothing has moved for ten reports."""
    before, same = server.report(), 0
    for _ in range(3_000):
        time.sleep(0.01)
        now = server.report()
        moved = any(now[name] != before[name] for name in ("sent", "payload", "heap_peak"))
        same, before = (0, now) if moved else (same + 1, now)
        if same == 10:
            return now
    check(False, "the server does not come to rest")


def start(programs, server_limits, client_limits):
    """Both programs, at rest with all tunnels open, and the server's heap there."""
    server = Server(programs[0], **server_limits)
    try:
        client = Client(programs[1], server, **client_limits)
    except BaseException:
        server.__exit__(*sys.exc_info())
        raise
    return server, client


def open_all(server, client):
    client.go("connected")
    client.go("opened")
    heap = settled(server)["heap"]
    server.say("restart_peak")
    return heap


def hold_against(name, limit, report, heap):
    grown = report["heap_peak"] - heap
    rows.append((name, f"{limit:,}", f"{grown:,}"))
    check(grown <= limit, f"the heap grew by {grown:,}, more than {limit:,}")
    return grown


def sends_to_a_peer_that_never_reads(programs, size, windows):
    """The server sends without end to a client that reads nothing from its socket."""
    server, client = start(programs, {"max_queued": MAX_QUEUED, "send": 20_000_000 // size,
                                      "size": size, "send_buffer": SMALL_BUFFERS},
                           {"tunnels": 1, "mute": 1, "receive_buffer": SMALL_BUFFERS, **windows})
    with server, client:
        heap = open_all(server, client)
        server.say("send")
        server.await_report("a full queue", lambda now: now["full"] > 0)
        report = settled(server)
        limit = MAX_QUEUED + BESIDE_QUEUE + (size if size > COPIED else 0)
        grown = hold_against(f"never reads, is sent {size:,}-byte messages"
                             f" in {'large' if windows else 'default'} windows",
                             limit, report, heap)
        check(grown >= MAX_QUEUED - 2 * size - 8_192, f"only {grown:,} bytes were queued")


def sends_on_many_tunnels_to_a_peer_that_never_reads(programs):
    """The connection's limit is lower than what its tunnels' limits allow together."""
    tunnels, limit = 50, 4 << 20
    server, client = start(programs, {"max_queued": MAX_QUEUED, "max_queued_in_all": limit,
                                      "send": 10_000, "size": 1_000, "send_buffer": SMALL_BUFFERS},
                           {"tunnels": tunnels, "mute": 1, "receive_buffer": SMALL_BUFFERS})
    with server, client:
        heap = open_all(server, client)
        server.say("send")
        server.await_report("a full queue", lambda now: now["full"] > 0)
        grown = hold_against(f"never reads, is sent 1,000-byte messages on {tunnels} tunnels",
                             limit + BESIDE_QUEUE, settled(server), heap)
        check(grown >= limit - BESIDE_QUEUE, f"only {grown:,} bytes were queued")


def within(window):
    """(messages, payload bytes) of a blocked tunnel's output in so many bytes of window."""
    rest = max(window % (MESSAGE + HEADER) - HEADER, 0)
    return window // (MESSAGE + HEADER), window // (MESSAGE + HEADER) * MESSAGE + rest


def echoes_to_a_peer_that_never_reads(programs):
    """16 tunnels fill their windows and their connection's; no WINDOW_UPDATE is ever read."""
    tunnels = 16
    server, client = start(programs, {"max_queued": WINDOW, "send_buffer": SMALL_BUFFERS},
                           {"blocked": tunnels, "blocked_bytes": 1_000_000, "mute": 1,
                            "receive_buffer": SMALL_BUFFERS})
    with server, client:
        heap = open_all(server, client)
        client.go("echoed")
        messages, payload = within(WINDOW)
        server.await_report("full windows", lambda now: now["payload"] >= tunnels * payload)
        report = settled(server)
        check_counts("the server", report, {"messages": tunnels * messages,
                                            "payload": tunnels * payload})
        hold_against("never reads, sends on 16 tunnels that are echoed",
                     tunnels * 2 * WINDOW + BESIDE_QUEUE, report, heap)


def echoes_to_a_peer_that_grants_no_credit(programs):
    """The client reads its socket and answers, but consumes nothing on one tunnel of two."""
    sent = 4_000_000
    server, client = start(programs, {"max_queued": MAX_QUEUED},
                           {"blocked": 1, "blocked_bytes": sent, "tunnels": 1, "messages": 100})
    with server, client:
        heap = open_all(server, client)
        check_counts("the client", client.go("echoed"), {"echoed": 100})
        server.await_report("a full queue", lambda now: now["payload"] >= MAX_QUEUED)
        report = settled(server)
        check(report["payload"] < sent + 100 * 300 - WINDOW, "nothing was held back")
        # Our queue, and what the application holds since the queue is full.
        hold_against("grants no credit on a tunnel that is echoed",
                     MAX_QUEUED + WINDOW + FRAGMENT + BESIDE_QUEUE, report, heap)
        closed = client.go("closed")
        check_counts("the client", closed, {"closed_clean": 1, "closed_otherwise": 1})
        check(closed["blocked_payload"] <= WINDOW, "more came than the client's window")
        after = server.await_report("releases", lambda now: now["released"] == 2)
        check_counts("the server", after, {"closed_clean": 1, "closed_otherwise": 1})
        left = settled(server)["heap"] - heap
        check(left < BESIDE_QUEUE, f"{left:,} bytes are left when the tunnels are gone")


def is_held_by_its_window(programs, window, tunnels):
    """A sender that never stops is accepted as far as its window goes, to the byte."""
    sent = 1_000_000
    server, client = start(programs, {"hold": 1, "stream_window": window,
                                      "connection_window": 1 << 24},
                           {"blocked": tunnels, "blocked_bytes": sent})
    with server, client:
        open_all(server, client)
        client.go("echoed")
        messages, payload = within(window)
        server.await_report("full windows", lambda now: now["payload"] >= tunnels * payload)
        check_counts("the server, holding", settled(server),
                     {"messages": tunnels * messages, "payload": tunnels * payload})
        server.say("consume")
        everything = server.await_report(
            "the rest", lambda now: now["payload"] >= tunnels * sent)
        check_counts("the server, consuming", everything,
                     {"payload": tunnels * sent, "messages": tunnels * -(-sent // MESSAGE)})


def is_held_by_the_connection(programs):
    """All tunnels together are accepted as far as max_held and the connection's window go."""
    tunnels, sent, held, window = 100, 100_000, 1_000_000, 500_000
    server, client = start(programs, {"hold": 1, "max_held": held, "connection_window": window,
                                      "max_pending": tunnels},
                           {"blocked": tunnels, "blocked_bytes": sent})
    with server, client:
        open_all(server, client)
        client.go("echoed")
        server.await_report("held bytes", lambda now: now["payload"] >= held - window)
        payload = settled(server)["payload"]
        check(held - window <= payload <= held + window,
              f"{payload:,} bytes were accepted, of {held:,} and a window of {window:,}")
        rows.append(("sends on 100 tunnels that are not consumed: accepted",
                     f"{held + window:,}", f"{payload:,}"))
        server.say("consume")
        check_counts("the server, consuming",
                     server.await_report("the rest", lambda now: now["payload"] >= tunnels * sent),
                     {"payload": tunnels * sent, "messages": tunnels * -(-sent // MESSAGE)})


def main(*programs):
    cases = Cases()
    large = {"stream_window": 1 << 30, "connection_window": 1 << 30}
    for size in 1, 300, 4_000, 16_000, 100_000:
        for windows in {}, large:
            cases.run(f"a peer that never reads, messages of {size:,} bytes,"
                      f" {'large' if windows else 'default'} windows",
                      sends_to_a_peer_that_never_reads, programs, size, windows)
    cases.run("a peer that never reads, 50 tunnels",
              sends_on_many_tunnels_to_a_peer_that_never_reads, programs)
    cases.run("a peer that sends and never reads", echoes_to_a_peer_that_never_reads, programs)
    cases.run("a peer that reads and grants no credit",
              echoes_to_a_peer_that_grants_no_credit, programs)
    for window, tunnels in ((WINDOW, 1), (200_000, 1), (20_000, 10)):
        cases.run(f"a sender that never stops, {tunnels} tunnels, windows of {window:,}",
                  is_held_by_its_window, programs, window, tunnels)
    cases.run("100 senders that never stop", is_held_by_the_connection, programs)
    print("\n| a peer that | limits allow, bytes | held at most |\n| --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    cases.finish()


main(*sys.argv[1:])
