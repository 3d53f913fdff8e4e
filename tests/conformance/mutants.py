"""mutants.py SHARD OF --link FILE... -- COMPILER FLAG...: do the tests notice a rule not obeyed?

mutants.txt says for each rule where it is obeyed and what stands there when it is not. The headers
are copied with both, and a switch between them; so each test source is compiled once, passes with
every rule obeyed, and is run once more for each rule that is switched off: the tests that carry the
rule's tag must fail then. Where a test is a static_assert the source must not compile. A shard is
every OFth test source.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from table import HERE, ROOT, path_of, place_of, read

SWITCH = """\
#pragma once
#include <cstdlib>
#include <type_traits>
inline const int h2ws_off_now = std::getenv("H2WS_OFF") ? std::atoi(std::getenv("H2WS_OFF")) : 0;
constexpr bool h2ws_off(int rule) noexcept {
    return !std::is_constant_evaluated() && rule == h2ws_off_now;
}
"""


def switched(text, mutants):
    """The text with a switch at each mutant's anchor; anchors may be equal or lie in each other."""
    places = {}
    for mutant in mutants:
        places.setdefault(place_of(mutant, text), []).append(mutant)

    def write(begin, end, left):
        out, at = "", begin
        while left:
            first, last = left[0]
            if first < at or last > end:
                raise ValueError(f"{places[left[0]][0].name}: anchors cross")
            inner = [place for place in left[1:] if place[0] < last]
            left = left[1 + len(inner):]
            here = write(first, last, inner)
            for mutant in places[(first, last)]:
                off = f"h2ws_off({mutant.number})"
                if mutant.is_statement:
                    here = f"{{ if ({off}) {{ {mutant.other} }} else {{ {here} }} }}"
                else:
                    here = f"({off} ? ({mutant.other}) : ({here}))"
            out += text[at:first] + here
            at = last
        return out + text[at:end]

    return write(0, len(text), sorted(places, key=lambda place: (place[0], -place[1])))


def replaced(text, mutant):
    begin, end = place_of(mutant, text)
    return text[:begin] + mutant.other + text[end:]


def write_headers(folder, changes):
    """Both include roots below the folder, with changes {path: text}; gives the -I flags."""
    for root in ("include", "adapters"):
        shutil.copytree(ROOT / root, folder / root, dirs_exist_ok=True)
    for path, text in changes.items():
        (folder / path.relative_to(ROOT)).write_text(text)
    (folder / "switch.hpp").write_text(SWITCH)
    return [f"-I{folder}/{root}" for root in ("include", "adapters")] + ["-include",
                                                                        f"{folder}/switch.hpp"]


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=1200,
                          **more)


def cases_fail(program, tags, off):
    """Whether a case with one of the tags fails when that rule is off."""
    chosen = ",".join(f"[{tag}]" for tag in tags)
    try:
        done = run([program, chosen, "--abort"], env=os.environ | {"H2WS_OFF": str(off)})
        return done.returncode != 0
    except subprocess.TimeoutExpired:
        return True


def precompiled(compiler, folder):
    """Flags with which each source begins with Catch2, which takes longest and sees no header."""
    first = folder / "first.hpp"
    first.write_text(f'#include "{ROOT}/tests/catch.hpp"\n')
    made = run([*compiler, "-x", "c++-header", first, "-o", f"{first}.gch"])
    if made.returncode != 0:
        raise ValueError(f"Catch2 does not compile:\n{made.stderr[:4000]}")
    return ["-include", str(first)]


def check_program(test, mutants, compiler, link, folder):
    """Lines that say what is wrong; one source, with every mutant behind a switch."""
    headers = {}
    for mutant in mutants:
        headers.setdefault(path_of(mutant.header), []).append(mutant)
    include = write_headers(folder, {path: switched(path.read_text(), several)
                                     for path, several in headers.items()})
    program = folder / "program"
    made = run([*compiler, *include, ROOT / "tests" / f"{test}.cpp", "-o", program, *link])
    if made.returncode != 0:
        return [f"{test} does not compile with the switches:\n{made.stderr[:4000]}"]
    rules = sorted({rule for mutant in mutants for rule in mutant.rules})
    known = run([program, "--list-tags"]).stdout
    wrong = [f"{test}: [{rule}] has no case" for rule in rules if f"[{rule}]" not in known]
    if cases_fail(program, rules, 0):
        wrong.append(f"{test}: a case fails though every rule is obeyed")
    for mutant in mutants:
        wrong += [f"{test}: [{rule}] passes without {mutant.name}" for rule in mutant.rules
                  if not cases_fail(program, [rule], mutant.number)]
    return wrong


def check_assertion(mutant, compiler, folder):
    path = path_of(mutant.header)
    include = write_headers(folder, {path: replaced(path.read_text(), mutant)})
    made = run([*compiler, *include, "-fsyntax-only", ROOT / "tests" / f"{mutant.test}.cpp"])
    errors = [line for line in made.stderr.splitlines() if "error:" in line]
    fine = errors and all("static assertion failed" in line or "static_assert" in line
                          for line in errors)
    return [] if fine else [f"{mutant.test}: no assertion fails without {mutant.name}:\n"
                            + made.stderr[:2000]]


def main():
    arguments, compiler = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
    shard, of = int(arguments[0]), int(arguments[1])
    link = arguments[arguments.index("--link") + 1:] if "--link" in arguments else []
    compiler += ["-O0", f"-I{ROOT}/tests"]
    mutants = read()
    tests = sorted({mutant.test for mutant in mutants},
                   key=lambda test: -(ROOT / "tests" / f"{test}.cpp").stat().st_size)[shard::of]
    wrong = []
    chosen = [mutant for mutant in mutants if mutant.test in tests]
    with tempfile.TemporaryDirectory() as scratch:
        first = precompiled(compiler, pathlib.Path(scratch))
        for number, test in enumerate(tests):
            several = [mutant for mutant in chosen if mutant.test == test and mutant.compiles]
            folder = pathlib.Path(scratch) / str(number)
            if several:
                wrong += check_program(test, several, compiler + first, link, folder)
        for mutant in chosen:
            if not mutant.compiles:
                wrong += check_assertion(mutant, compiler,
                                         pathlib.Path(scratch) / f"m{mutant.number}")
    print("\n".join(wrong))
    pairs = sum(len(mutant.rules) for mutant in chosen)
    print(f"cases: {max(pairs - len(wrong), 0)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
