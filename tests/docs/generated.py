"""generated.py PROGRAM PAGE [write]: what the program prints stands in the page, between its two
marks; `write` puts it there."""
import pathlib
import subprocess
import sys

BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"
program, page = sys.argv[1:3]
printed = subprocess.run([program], capture_output=True, text=True, timeout=20, check=True).stdout
text = pathlib.Path(page).read_text()
if sys.argv[3:] == ["write"]:
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    pathlib.Path(page).write_text(before + BEGIN + printed + END + after)
    sys.exit(0)
good = text.count(BEGIN) == 1 and text.split(BEGIN)[1].split(END)[0].strip() == printed.strip()
if not good:
    print(f"{page} does not say what {program} prints:\n{printed}")
print(f"cases: {int(good)} passed, {int(not good)} failed")
sys.exit(not good)
