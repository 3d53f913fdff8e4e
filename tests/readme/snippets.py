"""snippets.py PAGE...: what the pages show is in the files of the tests.

A block stands behind a comment that names its file, relative to the project's folder:
<!-- tests/readme/NAME.cpp -->
A block of C++ is that file, letter for letter. One of another language that has such a comment
(cmake, meson, ini) is lines of the file, in their order. Every file in tests/readme is shown in a
page, but for those in beside/.
"""
import pathlib
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:^<!-- (\S+) -->\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)


def in_order(text, file_text):
    """The first line of the block that the file does not have behind those before it."""
    rest = iter(file_text.splitlines())
    for line in text.splitlines():
        if line.strip() and line not in rest:
            return line
    return None


def fault(file, language, text):
    """What is wrong with a block; None: it is as in its file."""
    if not file:
        return "a C++ block names no file"
    path = PROJECT / file
    if not path.is_file():
        return f"{file} does not exist"
    if language in ("cpp", "c++"):
        return None if path.read_text() == text else f"{file} differs from the block"
    odd = in_order(text, path.read_text())
    return f"{file} has no line {odd!r} there" if odd else None


failed = passed = 0
shown = set()
for page in map(pathlib.Path, sys.argv[1:]):
    for file, language, text in BLOCK.findall(page.read_text()):
        if not file and language not in ("cpp", "c++"):
            continue
        problem = fault(file, language, text)
        shown.add(file)
        print(f"{page.name}: {problem or file + ' is as shown'}")
        failed += bool(problem)
        passed += not problem
FOLDER = PROJECT / "tests" / "readme"
for file in sorted(FOLDER.rglob("*.[ch]pp")):
    if str(file.relative_to(PROJECT)) not in shown and FOLDER / "beside" not in file.parents:
        print(f"{file.name} is shown nowhere")
        failed += 1
print(f"cases: {passed} passed, {failed} failed")
sys.exit(failed != 0)
