#!/usr/bin/env python3
"""Makes one header of the core: put it into a project as h2ws/h2ws.hpp, and the #include of the
documentation works.

  amalgamate.py [-o FILE] [HEADER...]     to FILE, or to the standard output
  amalgamate.py --list [HEADER...]        the names of the headers that it would hold, in order

HEADER is the name of a header in include/h2ws, without its .hpp; what it includes comes along. By
default it is h2ws, the umbrella of the layers that allocate nothing. The output depends on nothing
but the sources. A program uses one such header, or the headers as they are, never both.
"""
import argparse
import pathlib
import posixpath
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = PROJECT / "include" / "h2ws"
INCLUDE = re.compile(r'#include (?:"([\w./]+)\.hpp"|<h2ws/([\w/]+)\.hpp>|<([\w./]+)>)')
KEPT = re.compile(r"#(?:if|elif|else|endif)\b")  # of an #include nothing may depend on these


class Amalgamation:
    def __init__(self):
        self.names = []       # of the headers, each after those it includes
        self.texts = {}       # what is left of each
        self.others = set()   # headers of the system

    def add(self, name):
        if name in self.texts:
            return
        self.texts[name] = ""
        lines = []
        for number, line in enumerate((HEADERS / f"{name}.hpp").read_text().splitlines(), 1):
            if found := INCLUDE.fullmatch(line):
                ours = found[2] or found[1] and posixpath.normpath(
                    posixpath.join(posixpath.dirname(name), found[1]))
                if ours:
                    self.add(ours)
                else:
                    self.others.add(found[3])
            elif line.startswith("#") and not KEPT.match(line) and line != "#pragma once":
                sys.exit(f"{name}.hpp:{number}: {line}: what is this to become?")
            elif line != "#pragma once":
                lines.append(line)
        self.texts[name] = re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip())
        self.names.append(name)

    def text(self):
        # Nothing is left of an umbrella but its first comment, which says what is in it.
        umbrellas = [name for name in self.names
                     if all(line.startswith("//") for line in self.texts[name].splitlines())]
        parts = [comment(f"h2ws {version()} in one header, made by tools/packaging/amalgamate.py:"
                         " change the headers that it\nwas made of, not this one.\n\n"
                         + (PROJECT / "LICENSE").read_text().strip())]
        parts += [self.texts[name] for name in umbrellas]
        parts += ["#pragma once", "\n".join(f"#include <{name}>" for name in sorted(self.others))]
        for name in self.names:
            if name not in umbrellas:
                parts += [f"// ---- h2ws/{name}.hpp ".ljust(100, "-"), self.texts[name]]
        return "\n\n".join(parts) + "\n"


def comment(text):
    return "\n".join(f"// {line}".rstrip() for line in text.splitlines())


def version():
    return re.search(r"^  version: '([^']+)'", (PROJECT / "meson.build").read_text(), re.M)[1]


def amalgamation(headers=("h2ws",)):
    whole = Amalgamation()
    for name in headers:
        whole.add(name)
    return whole


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="output", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("headers", nargs="*", default=["h2ws"], metavar="HEADER")
    options = parser.parse_args()
    for name in options.headers:
        if not (HEADERS / f"{name}.hpp").is_file():
            parser.error(f"there is no header {name}.hpp in {HEADERS}")
    whole = amalgamation(options.headers)
    if options.list:
        print("\n".join(whole.names))
        return
    text = whole.text()
    print(f"{text.count(chr(10))} lines of {len(whole.names)} headers", file=sys.stderr)
    if options.output:
        options.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
