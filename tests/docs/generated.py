"""generated.py PROGRAM PAGE: what the program prints stands in the page, between its two marks."""
import pathlib
import subprocess
import sys

BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"
program, page = sys.argv[1:]
printed = subprocess.run([program], capture_output=True, text=True, timeout=20, check=True).stdout
text = pathlib.Path(page).read_text()
good = text.count(BEGIN) == 1 and text.split(BEGIN)[1].split(END)[0].strip() == printed.strip()
if not good:
    print(f"{page} does not say what {program} prints:\n{printed}")
print(f"cases: {int(good)} passed, {int(not good)} failed")
sys.exit(not good)
