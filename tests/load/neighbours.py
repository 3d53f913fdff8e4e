"""neighbours.py SERVER CLIENT: one blocked tunnel beside 99 busy ones.

The busy ones send message after message, each when the one before has come back; the blocked one
sends 4 MB, which are echoed, and consumes nothing of it. That the busy ones get all their echoes is
asserted; how long a message took is printed, with the blocked tunnel and without, turn about.
"""
import statistics
import sys

from processes import Cases, Client, Server, check, check_counts

BUSY, MESSAGES, ROUNDS = 99, 1_000, 3
BLOCKED_BYTES = 4_000_000
LIMITS = {"max_pending": BUSY + 1, "max_queued": 1 << 20}
MEASURES = ("p50", "p99", "p999", "longest")

measured = {False: [], True: []}


def exchange(programs, blocked):
    with Server(programs[0], **LIMITS) as server, \
            Client(programs[1], server, tunnels=BUSY, messages=MESSAGES, outstanding=1,
                   blocked=int(blocked), blocked_bytes=BLOCKED_BYTES) as client:
        client.go("connected")
        client.go("opened")
        echoed = client.go("echoed")
        check_counts("the client", echoed, {
            "echoed": BUSY * MESSAGES, "sent": BUSY * MESSAGES,
            "echoed_payload": echoed["sent_payload"], "released": 0})
        if blocked:
            check(0 < echoed["blocked_payload"] <= 65_535, "the blocked tunnel is not blocked")
        measured[blocked].append([echoed[name] / 1_000 for name in MEASURES])
        closed = client.go("closed")
        check_counts("the client", closed, {"closed_clean": BUSY,
                                            "closed_otherwise": int(blocked),
                                            "released": BUSY + blocked})
        check_counts("the server",
                     server.await_report("releases",
                                         lambda now: now["released"] == BUSY + blocked),
                     {"closed_clean": BUSY, "closed_otherwise": int(blocked), "unexpected": 0})


def main(*programs):
    cases = Cases()
    for turn in range(1, ROUNDS + 1):
        cases.run(f"99 busy tunnels, round {turn}", exchange, programs, False)
        cases.run(f"the same beside a blocked one, round {turn}", exchange, programs, True)
    print(f"\n| {BUSY} tunnels, us (median of {ROUNDS} rounds) | " + " | ".join(MEASURES) + " |")
    print("| --- " * (1 + len(MEASURES)) + "|")
    for blocked, name in (False, "alone"), (True, "beside a blocked tunnel"):
        medians = [statistics.median(column) for column in zip(*measured[blocked])]
        print(f"| {name} | " + " | ".join(f"{number:,.0f}" for number in medians) + " |")
    cases.finish()


main(*sys.argv[1:])
