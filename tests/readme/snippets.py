"""snippets.py README...: every C++ block in these pages is a file of the tests, letter for letter.

A block stands behind a comment that names its file, relative to the project's folder:
<!-- tests/readme/NAME.cpp -->
"""
import pathlib
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:^<!-- (\S+) -->\n)?^```(?:cpp|c\+\+)\n(.*?)^```$", re.M | re.S)

failed = passed = 0
shown = set()
for page in map(pathlib.Path, sys.argv[1:]):
    for file, text in BLOCK.findall(page.read_text()):
        fault = None
        if not file:
            fault = "a C++ block names no file"
        elif not (PROJECT / file).is_file():
            fault = f"{file} does not exist"
        elif (PROJECT / file).read_text() != text:
            fault = f"{file} differs from the block"
        shown.add(file)
        print(f"{page.name}: {fault or file + ' is as shown'}")
        failed += bool(fault)
        passed += not fault
for file in sorted((PROJECT / "tests" / "readme").glob("*.cpp")):
    if str(file.relative_to(PROJECT)) not in shown:
        print(f"{file.name} is shown nowhere")
        failed += 1
print(f"cases: {passed} passed, {failed} failed")
sys.exit(failed != 0)
