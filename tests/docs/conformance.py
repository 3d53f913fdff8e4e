"""conformance.py [fill]: holds docs/conformance.md against the sources and the tests.

Every rule and decision has one row. A row that names headers: a comment in each cites the rule, and
every rule that a header of http2/ cites names it. What a row says of http2/ is in mutants.txt. A
row that names tests: each has a case with the rule's tag and a tag of its section. Citations
and tags in the sources name rules that exist, beside a section of theirs. A rule of ours is in
tests/conformance/mutants.txt or among those that nothing can break. The counts are right. `fill`
writes the counts, and the tests into the rows.
"""
import collections
import dataclasses
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))
import table  # noqa: E402  (its folder is known only now)

ROOT = table.ROOT
PAGE = ROOT / "docs" / "conformance.md"
NOT_OURS = ("nghttp2", "the application", "not built yet")
BEGIN, END = "<!-- counts: begin -->\n", "<!-- counts: end -->\n"
CASE = re.compile(r'TEST_CASE\w*\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*((?:"[^"]*"\s*)+)')
GROUP = re.compile(r"\bR(\d+)(?:-R?(\d+))?\b")
SECTION = re.compile(r"RFC (\d{4})|§(\d+(?:\.\d+)*)|\bsections? (\d+(?:\.\d+)*)"
                     r"|(\bR\d+(?:-R?\d+)?)\b")
wrong = []


@dataclasses.dataclass
class Row:
    name: str
    sections: list  # of (RFC, section)
    obeyed: list  # of (header, function), or (one of NOT_OURS, "")
    tests: list
    cells: list
    line: int  # in the page


def sections_of(cell, rfc):
    found = []
    for part in cell.split(";"):
        words = part.split()
        found.append((words[1], words[2]) if words[0] == "RFC" else (rfc, words[0]))
    return found


def places_of(cell):
    places = []
    for part in cell.replace("`", "").split("; "):
        header, _, function = part.partition(" ")
        places.append((part, "") if part in NOT_OURS else (header, function))
    return places


def read_page():
    rows, unbreakable, rfc = {}, {}, None
    for number, line in enumerate(PAGE.read_text().splitlines()):
        if heading := re.match(r"## (?:RFC (\d{4}))?", line):
            rfc = heading[1]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and re.fullmatch(r"R\d+", cells[0]):
            name, section, _, _, _, obeyed, tests = cells
            sections = sections_of(section, rfc)
        elif len(cells) == 4 and re.fullmatch(r"S\d+", cells[0]):
            name, _, obeyed, tests = cells
            sections = []
        else:
            if item := re.match(r"- (R\d+): (.+)", line):
                unbreakable[item[1]] = item[2]
            continue
        if name in rows:
            wrong.append(f"{name} has two rows")
        rows[name] = Row(name, sections, places_of(obeyed),
                         re.findall(r"`([^`]+)`", tests), cells, number)
    return rows, unbreakable


def test_cases():
    """(file, tags) of each test case."""
    for path in sorted((ROOT / "tests").rglob("*.[ch]pp")):
        name = path.relative_to(ROOT / "tests").with_suffix("").as_posix()
        name = re.sub(r"^(\w+_suite)/.*", r"\1", name)  # one suite in several files
        for case in CASE.finditer(path.read_text()):
            yield name, set(re.findall(r"\[([^\]]*)\]", case[2]))


def comments_of(path):
    """Comments with (line, text); those on consecutive lines of their own are one."""
    together, last = [], -1
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code, slashes, text = line.partition("//")
        if slashes:
            if code.strip() == "" and together and last == number - 1 and together[-1][2]:
                together[-1][1] += " " + text.strip()
            else:
                together.append([number, text.strip(), code.strip() == ""])
            last = number
    return [(number, text) for number, text, _ in together]


def citations(rows):
    """The names cited in each header. What stands before a group of rules are their sections."""
    cited = collections.defaultdict(set)
    for root in ("include", "adapters"):
        for path in sorted((ROOT / root / "h2ws").rglob("*.hpp")):
            name = path.relative_to(ROOT / root / "h2ws").as_posix()
            for number, text in comments_of(path):
                for decision in re.findall(r"\bS(\d+)(?:-S?(\d+))?\b", text):
                    cited[name] |= expanded("S", decision)
                check_citation(f"{name}:{number}", text, rows, cited[name])
            for unknown in cited[name] - rows.keys():
                wrong.append(f"{name} cites {unknown}, which is no rule")
    return cited


def expanded(letter, span):
    first, last = int(span[0]), int(span[1] or span[0])
    return {f"{letter}{number}" for number in range(first, last + 1)}


def check_citation(place, text, rows, cited):
    rfc, sections, begun = None, [], False
    for found in SECTION.finditer(text):
        if found[1]:
            rfc = found[1]
        elif found[2] or found[3]:
            if begun:  # a rule came since the last section
                sections, begun = [], False
            sections.append((rfc, found[2] or found[3]))
        else:
            begun = True
            for rule in expanded("R", GROUP.match(found[4]).groups()):
                cited.add(rule)
                own = rows[rule].sections if rule in rows else []
                fits = any(section == there and (number is None or number == other)
                           for number, section in sections for other, there in own)
                if own and sections and not fits:
                    wrong.append(f"{place}: {rule} is of {own}, not of {sections}")


def tagged(rows):
    """The test files of each name that have a case with its tag and one of its sections."""
    files = collections.defaultdict(set)
    for name, tags in test_cases():
        for tag in tags:
            if not re.fullmatch(r"[RS]\d+", tag):
                continue
            if tag not in rows:
                wrong.append(f"tests/{name} has the tag [{tag}], which is no rule")
            elif not rows[tag].sections or any(f"rfc{rfc}-{section}" in tags
                                               for rfc, section in rows[tag].sections):
                files[tag].add(name)
    return files


def check_row(row, cited, files):
    for header, function in row.obeyed:
        if header in NOT_OURS:
            continue
        try:
            text = table.path_of(header).read_text()
        except ValueError as error:
            return wrong.append(f"{row.name}: {error}")
        if row.name not in cited[header]:
            wrong.append(f"{row.name}: no comment of {header} cites it")
        if not re.search(rf"\b{re.escape(function)}\b", text):
            wrong.append(f"{row.name}: {header} has no {function}")
    if not row.tests and not is_left(row):
        wrong.append(f"{row.name} names no test; there are {sorted(files[row.name])}")
    for test in row.tests:
        if test not in files[row.name]:
            wrong.append(f"{row.name}: tests/{test} has no case with its tag and its section")


def is_left(row):
    """Whether nobody in here obeys it."""
    return row.obeyed[0][0] in NOT_OURS[1:]


def check_http2(rows, cited, unbreakable):
    """Our own HTTP/2 obeys what nghttp2 would: the page says where, and a mutant shows it."""
    shown = {(mutant.header, rule) for mutant in table.read() for rule in mutant.rules}
    for header in sorted(name for name in cited if name.startswith("http2/")):
        named = {row.name for row in rows.values() if header in dict(row.obeyed)}
        cites = {name for name in cited[header] if name[0] == "R"}
        wrong.extend(f"{rule}: {header} cites it, and its row does not name that"
                     for rule in sorted(cites - named))
        wrong.extend(f"{rule}: no mutant takes away what {header} does for it"
                     for rule in sorted(cites - unbreakable.keys())
                     if (header, rule) not in shown)


def counts(rows, shown, unbreakable):
    rules = [row for row in rows.values() if row.name[0] == "R"]
    kinds = collections.Counter(row.obeyed[0][0] if is_left(row) else "ours" for row in rules)
    by_nghttp2 = sum(("nghttp2", "") in row.obeyed for row in rules)
    return (f"- {len(rules)} rules and {len(rows) - len(rules)} decisions\n"
            f"- {kinds['ours']} rules obeyed by h2ws itself: {len(shown)} of them by lines that"
            f" tests miss when they are taken away, {len(unbreakable)} that nothing can break\n"
            f"- {by_nghttp2} of them obeyed by nghttp2 where that speaks HTTP/2\n"
            f"- {kinds['the application']} left to the application\n"
            f"- {kinds['not built yet']} not built yet\n")


def fill(rows, files, text):
    lines = PAGE.read_text().splitlines()
    for row in rows.values():
        tests = " ".join(f"`{name}`" for name in sorted(files[row.name])) or "-"
        lines[row.line] = "| " + " | ".join(row.cells[:-1] + [tests]) + " |"
    page = "\n".join(lines) + "\n"
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + BEGIN + text + END + after)


def main():
    rows, unbreakable = read_page()
    numbers = {"R": 263, "S": 26}
    expected = {f"{letter}{n}" for letter, last in numbers.items() for n in range(1, last + 1)}
    wrong.extend(f"{name} has no row" for name in sorted(expected - rows.keys()))
    cited, files = citations(rows), tagged(rows)
    shown = {rule for mutant in table.read() for rule in mutant.rules}
    ours = {row.name for row in rows.values() if row.name[0] == "R" and not is_left(row)}
    said = counts(rows, shown & ours, unbreakable)
    if sys.argv[1:] == ["fill"]:
        fill(rows, files, said)
        return 0
    for row in rows.values():
        check_row(row, cited, files)
    check_http2(rows, cited, unbreakable)
    wrong.extend(f"{rule} is in neither mutants.txt nor the list of what nothing can break"
                 for rule in sorted(ours - shown - unbreakable.keys()))
    wrong.extend(f"{rule} is in mutants.txt, and nothing can break it" for rule in
                 sorted(shown & unbreakable.keys()))
    wrong.extend(f"{rule} is not ours, and a test shows or a list says what breaks it"
                 for rule in sorted((shown | unbreakable.keys()) - ours))
    for mutant in table.read():
        check_place(mutant)
    if PAGE.read_text().split(BEGIN)[1].split(END)[0] != said:
        wrong.append(f"the counts are not\n{said}")
    print("\n".join(wrong))
    print(f"cases: {max(len(rows) - len(wrong), 0)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


def check_place(mutant):
    """The line that a mutant takes away is one that cites its rules: there, or just above."""
    text = table.path_of(mutant.header).read_text()
    try:
        begin, end = table.place_of(mutant, text)
    except ValueError as error:
        return wrong.append(str(error))
    first, last = text[:begin].count("\n"), text[:end].count("\n")
    lines = text.splitlines()[max(0, first - 6):last + 2]
    near = " ".join(line.partition("//")[2] for line in lines)
    cited = set().union(*(expanded("R", span.groups()) for span in GROUP.finditer(near)), set())
    wrong.extend(f"{mutant.name}: no comment there cites {rule}" for rule in mutant.rules
                 if rule not in cited)


if __name__ == "__main__":
    sys.exit(main())
