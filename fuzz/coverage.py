"""coverage.py [-v | write]: how many lines of include/h2ws the fuzz targets reach by their corpora.

Builds each target with clang's coverage and the replay's main, runs it over fuzz/corpus and what
lies in build/fuzz/corpus, and prints a table; -v: and which lines are left. `write`: by fuzz/corpus
alone, into fuzz/README.md. The denominator is
taken from the sources, not from the compiler, which knows nothing of templates that nobody uses:
every line inside of a function that holds code.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/fuzz/coverage"
HEADERS = ROOT / "include"
TARGETS = sorted(path.stem for path in (ROOT / "fuzz").glob("*.cpp") if path.stem != "replay")
MARKS = "<!-- coverage: python3 fuzz/coverage.py write -->", "<!-- end of coverage -->"

QUIET = re.compile(  # comments, raw strings, strings, characters: newlines in them stay
    r"//[^\n]*|/\*.*?\*/|R\"\((?:.*?)\)\"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'",
    re.DOTALL)


def blanked(text):
    """The source without what is no code; nothing moves."""
    def blank(found):
        return "".join(c if c == "\n" else " " if found.group()[0] == "/" else "_"
                       for c in found.group())
    text = QUIET.sub(blank, text)
    # A macro's continuation lines belong to it.
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda found: re.sub(r"[^\n]", " ", found.group()),
                  text, flags=re.MULTILINE)


def kind_of(before, outer):
    """What a brace opens, by the statement before it."""
    if outer in ("function", "concept"):
        return outer
    if re.search(r"\bconcept\b|\brequires\s*\([^{}]*$", before) and "concept" in before:
        return "concept"
    if re.match(r"\s*(inline\s+)?namespace\b|\s*extern\s*_+\s*$", before):
        return "space"
    plain = re.sub(r"template\s*<[^{}]*?>\s*(?=class|struct|union|enum|requires)", "", before)
    if re.match(r"\s*(typedef\s+|public:|private:|protected:|\s)*(class|struct|union|enum)\b", plain) \
            and "(" not in re.sub(r"alignas\s*\([^)]*\)|requires\s*\([^{}]*?\)", "", plain):
        return "space"
    # A lambda that makes a constant is a function; a list of values is none.
    if re.search(r"=\s*$|=\s*\[[^\]]*\][^;]*$|return\s*$", before) and "(" not in before.split("=")[-1]:
        return "values"
    return "function" if "(" in before else "values"


def lines_of_code(path):
    """The numbers of the lines in functions that hold more than braces."""
    text = blanked(path.read_text())
    found, kinds, line, before, ended = set(), [], 1, "", False
    for at, c in enumerate(text):
        inside = bool(kinds) and kinds[-1] == "function"
        if inside and c not in " \t\n{}();":
            found.add(line)
        if c == "\n":
            line += 1
        if c == "{":
            outer = kinds[-1] if kinds else "space"
            # After a member's braces in a constructor's list: the body, or the next member.
            kind = "function" if ended and re.match(r"\s*(,.*)?$", before, re.DOTALL) \
                else kind_of(before, outer)
            kinds.append(kind)
            before, ended = "", False
        elif c == "}":
            ended = kinds.pop() == "function" and (not kinds or kinds[-1] == "space")
            before = ""
        elif c == ";":
            before, ended = "", False
        else:
            before += c
    if kinds:
        sys.exit(f"{path}: braces do not match")
    return found


def run(*command, **more):
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT, **more)


def reached(target):
    """For each header, the lines that the target ran."""
    program, profile = BUILD / target, BUILD / f"{target}.profile"
    flags = "-std=c++20", "-O1", "-fprofile-instr-generate", "-fcoverage-mapping"
    for source in (target, "replay"):
        run("clang++", *flags, "-Iinclude", "-Iadapters", "-c", f"fuzz/{source}.cpp",
            "-o", f"{program}-{source}.o")
    run("clang++", *flags, f"{program}-{target}.o", f"{program}-replay.o", "-o", program,
        "-lz", "-lnghttp2")
    raw = BUILD / f"{target}.raw"
    known = ["fuzz/corpus"] if "write" in sys.argv else ["fuzz/corpus", "build/fuzz/corpus"]
    corpora = [ROOT / path / target for path in known if (ROOT / path / target).is_dir()]
    run(program, *corpora, os.devnull, env={**os.environ, "LLVM_PROFILE_FILE": str(raw)},
        stdout=subprocess.DEVNULL)
    run("llvm-profdata", "merge", "-sparse", raw, "-o", profile)
    exported = subprocess.run(
        ["llvm-cov", "export", "-format=lcov", f"-instr-profile={profile}", str(program)],
        check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
    lines, path = collections.defaultdict(set), None
    for row in exported.splitlines():
        if row.startswith("SF:"):
            path = pathlib.Path(row[3:])
        elif row.startswith("DA:"):
            number, count = row[3:].split(",")[:2]
            if int(count) != 0:
                lines[path].add(int(number))
    return lines


def table():
    BUILD.mkdir(parents=True, exist_ok=True)
    covered = collections.defaultdict(set)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(reached, TARGETS):
            for path, numbers in lines.items():
                covered[path] |= numbers
    rows, all_lines, all_covered = [], 0, 0
    for path in sorted(HEADERS.rglob("*.hpp")):
        code = lines_of_code(path)
        hit = code & covered[path]
        all_lines += len(code)
        all_covered += len(hit)
        if code:
            rows.append((path.relative_to(HEADERS / "h2ws"), len(code), len(hit)))
        if "-v" in sys.argv and code - hit:
            print(path.relative_to(ROOT), *sorted(code - hit))
    out = ["| header | lines | reached | % |", "| --- | ---: | ---: | ---: |"]
    rows.append(("all", all_lines, all_covered))
    for name, lines, hit in rows:
        out.append(f"| `{name}` | {lines} | {hit} | {100 * hit / lines:.1f} |")
    return out


def main():
    lines = table()
    print("\n".join(lines))
    if "write" in sys.argv:
        page = ROOT / "fuzz/README.md"
        begin, end = MARKS
        before, rest = page.read_text().split(begin)
        page.write_text(before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.split(end)[1])


if __name__ == "__main__":
    main()
