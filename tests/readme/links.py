"""links.py PROJECT: every relative link in the project's pages leads to a file, and to a heading of
it where it names one; every file that a block for the shell names is there."""
import pathlib
import re
import sys

LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
# Paths below a folder of the project; what a command makes is elsewhere.
NAMED = re.compile(r"(?<![\w./-])(?:examples|tests|tools|include|docs|adapters)/[\w./-]*")


def anchors(page):
    """The headings' names, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.M)}


def problem(page, link):
    target, _, anchor = link.partition("#")
    path = (page.parent / target) if target else page
    if not path.exists():
        return f"{link} leads nowhere"
    if anchor and anchor not in anchors(path):
        return f"{link}: there is no such heading"
    return None


project = pathlib.Path(sys.argv[1])
failed = passed = 0
for page in [project / "README.md", *sorted((project / "docs").glob("*.md"))]:
    text = page.read_text()
    problems = [problem(page, link) for link in LINK.findall(text) if "://" not in link]
    problems += [None if (project / name).exists() else f"{name} does not exist"
                 for block in SHELL.findall(text) for name in NAMED.findall(block)]
    for found in filter(None, problems):
        print(f"{page.relative_to(project)}: {found}")
    failed += sum(found is not None for found in problems)
    passed += problems.count(None)
print(f"cases: {passed} passed, {failed} failed")
sys.exit(failed != 0)
