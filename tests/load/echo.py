"""echo.py SERVER CLIENT: many tunnels at once, every message checked by content at its return.

10,000 tunnels on one connection and 10 on each of 1,000 connections, without and with TLS. What is
counted must be exact; the heap that an idle tunnel takes is held against a bound; the rest of what
is printed is not asserted.
"""
import os
import sys

from processes import Cases, Client, Server, check, check_counts, need_descriptors

MESSAGES = 8
# Of the server's heap, for an idle tunnel of a connection that has 10,000. With http2 all in all;
# with nghttp2 740 bytes, ours and its own, and 1 in 20 for what malloc adds to them, which rounds
# each piece up by up to 15 bytes, and for tables that double. With 10 tunnels what a connection grows
# by itself is in the figure.
IDLE_TUNNEL = {"http2": 448, "nghttp2": 740 * 1.05}[os.environ["H2WS_ENGINE"]]

# What the loads raise, and nothing else: the other limits are the defaults.
ONE_CONNECTION = {"max_streams": 10_000, "max_pending": 10_000}
MANY_CONNECTIONS = {}

rows = []


def load(server_program, client_program, connections, tunnels, limits, tls):
    need_descriptors(connections + 100)
    total = connections * tunnels
    with Server(server_program, tls=int(tls), **limits) as server, \
            Client(client_program, server, tls=int(tls), connections=connections, tunnels=tunnels,
                   messages=MESSAGES, outstanding=2) as client:
        bare = server.report()
        client.go("connected")
        server.await_report("connections", lambda now: now["connections"] == connections)
        empty, resident_empty = server.report(), server.resident()
        cpu_empty = server.cpu_seconds()
        opened = client.go("opened")
        check_counts("the client", opened, {"opened": total, "connections": connections})
        idle, resident_idle = server.report(), server.resident()
        cpu_idle = server.cpu_seconds()
        check_counts("the server", idle, {"opened": total, "released": 0})
        echoed = client.go("echoed")
        check_counts("the client", echoed, {
            "sent": total * MESSAGES, "echoed": total * MESSAGES,
            "echoed_payload": echoed["sent_payload"], "released": 0})
        after = server.report()
        cpu_echoed = server.cpu_seconds()
        check_counts("the server", after, {
            "messages": total * MESSAGES, "payload": echoed["sent_payload"], "released": 0})
        closed = client.go("closed")
        gone = server.await_report("releases", lambda now: now["released"] == total)
        check_counts("the client", closed, {
            "closed_clean": total, "closed_otherwise": 0, "released": total})
        ended = client.go("ended")
        check_counts("the client", ended, {
            "ended_connections": connections, "lost_connections": 0})
        last = server.await_report("ends", lambda now: now["ended_connections"] == connections)
        check_counts("the server", last, {
            "opened": total, "closed_clean": total, "closed_otherwise": 0, "released": total,
            "rejected": 0, "connections": connections, "lost_connections": 0,
            "failed_connections": 0, "unexpected": 0, "messages": total * MESSAGES})
        per_tunnel = (idle["heap"] - empty["heap"]) / total
        rows.append((f"{connections:,} x {tunnels:,}{' TLS' if tls else ''}",
                     f"{total:,}", f"{total * MESSAGES:,}",
                     f"{echoed['sent_payload']:,}",
                     f"{(empty['heap'] - bare['heap']) / connections:,.0f}", f"{per_tunnel:.0f}",
                     f"{(resident_idle - resident_empty) / total:.0f}",
                     f"{(gone['heap'] - empty['heap']) / total:.0f}",
                     f"{(cpu_idle - cpu_empty) / total * 1e6:.1f}",
                     f"{(cpu_echoed - cpu_idle) / (total * MESSAGES) * 1e6:.1f}"))
        check(connections > 1 or per_tunnel <= IDLE_TUNNEL,
              f"an idle tunnel takes {per_tunnel:.0f} bytes of heap, more than {IDLE_TUNNEL:.0f}")


def main(server, client):
    cases = Cases()
    cases.run("10,000 tunnels on one connection echo", load, server, client, 1, 10_000,
              ONE_CONNECTION, False)
    cases.run("1,000 connections with 10 tunnels each echo", load, server, client, 1_000, 10,
              MANY_CONNECTIONS, False)
    cases.run("1,000 connections with 10 tunnels each echo over TLS", load, server, client, 1_000,
              10, MANY_CONNECTIONS, True)
    print("\n| connections x tunnels | tunnels | messages | bytes each way | heap per connection |"
          " heap per idle tunnel | RSS per idle tunnel | heap left per closed tunnel |"
          " server CPU per opening, us | server CPU per message, us |")
    print("| --- " * 10 + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    cases.finish()


main(*sys.argv[1:])
