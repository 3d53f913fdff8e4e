"""plots.py JSON FOLDER: draws what end_to_end.py found as SVG.

Each picture has a background of its own, so that it can be read on any page, and follows the
reader's choice of light or dark.
"""
import html
import json
import math
import pathlib
import statistics
import sys

STYLE = """
.page { fill: #ffffff; stroke: #d0d7de } text { font: 13px sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: bold } .faint { fill: #59636e } .right { text-anchor: end }
.center { text-anchor: middle } .grid { stroke: #d0d7de; stroke-width: 1 }
.a { fill: #0969da } .b { fill: #80b8f5 } .c { fill: #6e7781 } .d { fill: #b8bfc6 }
.line { fill: none; stroke-width: 2 } .l0 { stroke: #0969da } .l1 { stroke: #8250df }
.l2 { stroke: #6e7781 } .l3 { stroke: #bc4c00 } .t0 { fill: #0969da } .t1 { fill: #8250df }
.t2 { fill: #6e7781 } .t3 { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117; stroke: #3d444d } text { fill: #f0f6fc } .faint { fill: #9198a1 }
.grid { stroke: #3d444d } .a { fill: #4493f8 } .b { fill: #1f4f8f } .c { fill: #9198a1 }
.d { fill: #4b525a } .l0 { stroke: #4493f8 } .l1 { stroke: #ab7df8 } .l2 { stroke: #9198a1 }
.l3 { stroke: #f0883e } .t0 { fill: #4493f8 } .t1 { fill: #ab7df8 } .t2 { fill: #9198a1 }
.t3 { fill: #f0883e } }
"""


class Picture:
    def __init__(self, width, height, title, under):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img">',
            f"<title>{html.escape(title)}</title>", f"<style>{STYLE}</style>",
            f'<rect class="page" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>']
        self.text(20, 28, title, "title")
        self.text(20, 48, under, "faint")

    def text(self, x, y, what, kind=""):
        self.parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{html.escape(what)}</text>')

    def bar(self, x, y, width, height, kind):
        self.parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
                          f' height="{height}" rx="2"/>')

    def line(self, points, kind):
        """`points`: (x, y)."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline class="{kind}" points="{path}"/>')

    def write(self, file):
        pathlib.Path(file).write_text("\n".join([*self.parts, "</svg>", ""]))


class LogScale:
    """From a power of ten to another, as so many pixels from `begin` on."""

    def __init__(self, values, begin, size):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self.begin, self.step = begin, size / (self.high - self.low)

    def __call__(self, value):
        return self.begin + (math.log10(value) - self.low) * self.step

    def marks(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def span(nanoseconds):
    for unit, size in (("ns", 1), ("µs", 1e3), ("ms", 1e6)):
        if nanoseconds < 999.5 * size or unit == "ms":
            value = nanoseconds / size
            return f"{value:.0f} {unit}" if value >= 99.5 or unit == "ns" else f"{value:.3g} {unit}"
    return None


def draw_processor_time(rows, file):
    """A bar for each server and transport, on a scale of powers of ten."""
    found = {}
    for row in rows:
        if row["rounds"] and (row["size"], row["in_flight"]) == (125, 1):
            found.setdefault(row["name"], {})[row["secure"]] = statistics.median(
                each["server_cpu_ns"] for each in row["rounds"])
    names = sorted(found, key=lambda name: min(found[name].values()))
    bottom = 66 + 44 * len(names)
    picture = Picture(760, bottom + 46, "Server CPU for an echo of 125 octets",
                      "100 WebSockets, one message of each under way. Less is better; each line is"
                      " ten times the one before.")
    scale = LogScale([ns for each in found.values() for ns in each.values()], 165, 500)
    for mark in scale.marks():
        picture.line([(scale(mark), 62), (scale(mark), bottom)], "grid")
        picture.text(scale(mark), bottom + 16, span(mark), "faint center")
    for at, name in enumerate(names):
        y = 68 + 44 * at
        picture.text(155, y + 22, name, "right")
        for secure, ns in sorted(found[name].items()):
            kind = ("ab" if name.startswith("h2ws") else "cd")[secure]
            picture.bar(scale.begin, y + 17 * secure, scale(ns) - scale.begin, 15, kind)
            picture.text(scale(ns) + 5, y + 17 * secure + 12,
                         span(ns) + (", TLS" if secure else ""))
    picture.text(20, bottom + 36, "Each first cleartext, then TLS; libwebsockets has only TLS here,"
                 " Beast speaks HTTP/1.1 on 100 connections.", "faint")
    picture.write(file)


# Names in the JSON, of how many the slower part is one.
PERCENTILES = [("p50", "p50", 2), ("p90", "p90", 10), ("p99", "p99", 100),
               ("p99_9", "p99.9", 1_000), ("p99_99", "p99.99", 10_000)]


def draw_latencies(rows, file):
    """A line for each server, over percentiles."""
    found = {row["name"]: [statistics.median(each[name] for each in row["latencies"])
                           for name, _, _ in PERCENTILES] for row in rows if row["latencies"]}
    picture = Picture(760, 420, "Latency of an echo at half of the server's own rate",
                      "125 octets, 100 WebSockets on one connection, cleartext; from when a message"
                      " was due.")
    down = LogScale([ns for each in found.values() for ns in each], 0, 300)
    across = LogScale([parts for _, _, parts in PERCENTILES], 25, 525)
    for mark in down.marks():
        picture.line([(65, 370 - down(mark)), (600, 370 - down(mark))], "grid")
        picture.text(58, 374 - down(mark), span(mark), "faint right")
    for _, name, parts in PERCENTILES:
        picture.text(across(parts), 392, name, "faint center")
    ends = []
    for at, (name, values) in enumerate(found.items()):
        points = [(across(parts), 370 - down(ns))
                  for (_, _, parts), ns in zip(PERCENTILES, values)]
        picture.line(points, f"line l{at}")
        ends.append([points[-1][1] + 4, name, at])
    ends.sort()
    for before, after in zip(ends, ends[1:]):
        after[0] = max(after[0], before[0] + 16)  # names do not cover each other
    for y, name, at in ends:
        picture.text(across(10_000) + 8, y, name, f"t{at}")
    picture.write(file)


def main(file, folder):
    rows = json.loads(pathlib.Path(file).read_text())
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    draw_processor_time(rows, pathlib.Path(folder, "processor_time.svg"))
    if any(row["latencies"] for row in rows):
        draw_latencies(rows, pathlib.Path(folder, "latency.svg"))


main(*sys.argv[1:])
