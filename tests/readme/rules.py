"""rules.py README CONFORMANCE [fill]: the README's table counts the rules of docs/conformance.md by
RFC and by who obeys them. `fill` writes it."""
import collections
import pathlib
import re
import sys

BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"
COLUMNS = {"h2ws": "obeyed by h2ws", "nghttp2": "by nghttp2, or your stack",
           "the application": "left to the application", "not built yet": "not built"}


def counted(page):
    """{RFC: Counter of who obeys its rules}, by the RFCs that the headings name."""
    counts = collections.defaultdict(collections.Counter)
    rfc = None
    for line in page.splitlines():
        if line.startswith("## "):
            rfc = "RFC " + " and ".join(re.findall(r"RFC (\d+)", line))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and re.fullmatch(r"R\d+", cells[0]):
            counts[rfc][cells[5] if cells[5] in COLUMNS else "h2ws"] += 1
    return counts


def table(page):
    """A column for each that obeys a rule at all."""
    rows = counted(page)
    shown = [name for name in COLUMNS if any(counts[name] for counts in rows.values())]
    lines = [["", "rules", *(COLUMNS[name] for name in shown)], ["---"] * (2 + len(shown))]
    for rfc, counts in rows.items():
        lines.append([rfc, str(counts.total()), *(str(counts[name]) for name in shown)])
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines).replace("|  |", "| |")


readme = pathlib.Path(sys.argv[1])
text, page = readme.read_text(), pathlib.Path(sys.argv[2]).read_text()
expected = table(page)
before, shown, after = re.fullmatch(rf"(.*{BEGIN})(.*)({END}.*)", text, re.S).groups()
if sys.argv[3:] == ["fill"]:
    readme.write_text(before + expected + after)
    sys.exit()
same = shown == expected and bool(counted(page))
if not same:
    print(f"the README does not have this table (fill writes it):\n{expected}")
print(f"cases: {int(same)} passed, {int(not same)} failed")
sys.exit(not same)
