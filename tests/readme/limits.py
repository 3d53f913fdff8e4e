"""limits.py PROGRAM PAGE HEADER...: the page's table is what the program prints of the defaults,
and has every number and every time among the members that the headers declare."""
import pathlib
import re
import subprocess
import sys

BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"
MEMBER = re.compile(r"^    (?:std::(?:size_t|u?int\d+_t)|duration) (\w+) = ", re.M)

program, page, *headers = sys.argv[1:]
printed = subprocess.run([program], capture_output=True, text=True, timeout=20, check=True).stdout
table = pathlib.Path(page).read_text().partition(BEGIN)[2].partition(END)[0]
same = table.strip() == printed.strip()
if not same:
    print(f"{page} does not have the table that {program} prints:\n{printed}")
members = [name for header in headers for name in MEMBER.findall(pathlib.Path(header).read_text())]
missing = [name for name in members if not re.search(rf"[`.]{name}`", table)]
for name in missing:
    print(f"the table lacks {name}")
whole = members and not missing
print(f"cases: {same + bool(whole)} passed, {2 - same - bool(whole)} failed")
sys.exit(not (same and whole))
