"""The single header compiles by itself as strictly as the headers do, is made the same every time,
and holds what it should."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "hygiene"))
from checks import Checks, source_root  # noqa: E402

STRICT = ["-std=c++20", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Wpedantic",
          "-Wconversion", "-Wshadow", "-Werror"]
AMALGAMATE = source_root() / "tools" / "packaging" / "amalgamate.py"
HEADERS = source_root() / "include" / "h2ws"


def amalgamate(*arguments, folder="/"):
    return subprocess.run([sys.executable, AMALGAMATE, *arguments], text=True, check=True,
                          capture_output=True, cwd=folder)


def compiles(command, header):
    """Problems with two units that both use the header, of which one has main()."""
    unit, main = folder / "unit.cpp", folder / "main.cpp"
    unit.write_text(f"#include <h2ws/{header}.hpp>\n#include <h2ws/{header}.hpp>\n")
    main.write_text(f"#include <h2ws/{header}.hpp>\nint main() {{}}\n")
    run = subprocess.run([*command, *STRICT, f"-I{folder}", unit, main, "-o", folder / "program"],
                         text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.splitlines()[:20] if run.returncode else []


checks = Checks()
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "h2ws").mkdir()
    made = amalgamate("-o", folder / "h2ws" / "h2ws.hpp")
    text = (folder / "h2ws" / "h2ws.hpp").read_text()

    checks.check("it is made the same every time, wherever that is",
                 [] if amalgamate(folder=folder).stdout == text else ["it differs"])
    lines = text.count("\n")
    names = amalgamate("--list").stdout.split()
    checks.check("the script says how many lines of how many headers it has",
                 [] if made.stderr == f"{lines} lines of {len(names)} headers\n"
                 else [made.stderr])
    version = re.search(r"^  version: '([^']+)'", (source_root() / "meson.build").read_text(), re.M)
    checks.check("it has the version and the licence on top", [
        f"it lacks: {line}" for line in (f"// h2ws {version[1]} in one header",
                                         "// Boost Software License - Version 1.0")
        if line not in text[:500]])
    # Which architecture it is, is all that it may depend on.
    architecture = re.compile(r"#(el)?if defined\(__\w+\)( \|\| defined\(__\w+\))*|#else|#endif")
    checks.check("it is guarded once and includes only the standard library", [
        line for line in re.findall(r"^#.*", text, re.M)
        if not re.fullmatch(r"#include <[a-z_]+>", line) and line != "#pragma once"
        and not architecture.fullmatch(line)]
        + ([] if text.count("#pragma once") == 1 else ["not one #pragma once"]))
    umbrella = set(re.findall(r'#include "(\w+)\.hpp"', (HEADERS / "h2ws.hpp").read_text()))
    checks.check("it holds what the umbrella includes, and nothing that allocates",
                 [f"missing: {header}" for header in sorted(umbrella - set(names))] +
                 [header for header in ("allocator", "tunnel", "session") if header in names])

    compilers = [sys.argv[sys.argv.index("--") + 1:]]
    compilers += [[other] for other in ("g++", "clang++") if shutil.which(other)]
    for command in compilers:
        checks.check(f"it compiles and links alone with {' '.join(command)}",
                     compiles(command, "h2ws"))
    # Whoever wants more of the core in one header names it.
    amalgamate("-o", folder / "h2ws" / "whole.hpp", *sorted(
        str(path.relative_to(HEADERS).with_suffix("")) for path in HEADERS.rglob("*.hpp")))
    checks.check("so does one of all headers", compiles(compilers[0], "whole"))
checks.finish()
