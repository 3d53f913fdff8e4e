"""Two units that include every header link into one program: nothing is defined twice."""
import pathlib
import subprocess
import tempfile

from checks import Checks, Compiler, in_parallel


def link_twice(compiler, headers, flags):
    """Compiles two units that include all the headers, links them, runs the program."""
    includes = "".join(f"#include <{header}>\n" for header in headers)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "one.cpp").write_text(includes + "int other();\nint main() { return other(); }\n")
        (folder / "two.cpp").write_text(includes + "int other();\nint other() { return 0; }\n")

        def compile_unit(name):
            return compiler.problems(
                flags + ["-O0", "-c", str(folder / f"{name}.cpp"), "-o", str(folder / f"{name}.o")])

        for problems in in_parallel(compile_unit, ["one", "two"]):
            if problems:
                return problems
        # Units only have to link with each other: what third parties' libraries define is not
        # needed for that, but a program is only made with them.
        libraries = ["-lnghttp2", "-lz", "-lssl", "-lcrypto", "-pthread"] if headers[0] not in CORE else []
        problems = compiler.problems(
            [str(folder / "one.o"), str(folder / "two.o"), "-o", str(folder / "program")] + libraries)
        if not problems and subprocess.run([folder / "program"]).returncode != 0:
            problems = ["the program failed"]
        return problems


checks = Checks()
compiler = Compiler()
CORE = compiler.core_headers()
checks.check("two units with all core headers link", link_twice(compiler, CORE, compiler.core_flags()))

adapter_headers = [header for adapter in compiler.adapters
                   for header in compiler.adapter_headers(adapter)]
if adapter_headers:
    flags = [flag for adapter in compiler.adapters for flag in compiler.adapter_flags(adapter)]
    checks.check("two units with all adapters' headers link",
                 link_twice(compiler, adapter_headers, flags))
checks.finish()
