"""vulnerabilities.py ROOT: the tests that docs/security.md names are there, and docs/floods.md has a
row for every flood."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
floods = re.findall(r"^@flood\(.*?\)\ndef (\w+)\(", (root / "tests/flood/floods.py").read_text(),
                    re.M | re.S)
page = (root / "docs/security.md").read_text()
table = page.split("<!-- vulnerabilities: begin -->\n")[1].split("<!-- vulnerabilities: end -->")[0]
problems = []
rows = [re.split(r" ?\| ?", line)[1:-1] for line in table.splitlines()[2:]]
for identifiers, _, here in rows:
    named = re.findall(r"`(\w+)`", here)
    cases = re.findall(r'(tests/[\w/.]+) "([^"]+)"', here)
    problems += [f"{identifiers}: no flood is named {name}" for name in named if name not in floods]
    problems += [f"{identifiers}: {file} has no {title!r}" for file, title in cases
                 if not (root / file).exists() or
                 re.sub(r'"\s*"', "", (root / file).read_text()).count(title) == 0]
    if not named and not cases and not here.endswith(("here", "copied")):
        problems.append(f"{identifiers}: no test is named")
measured = re.findall(r"^\| ([a-z][\w ]+?) \|", (root / "docs/floods.md").read_text(), re.M)
problems += [f"docs/floods.md has no {name}" for name in floods
             if measured.count(name.replace("_", " ")) != 1]
for problem in problems:
    print(problem)
print(f"cases: {len(rows) + len(floods) - len(problems)} passed, {len(problems)} failed")
sys.exit(1 if problems or not rows or not floods else 0)
