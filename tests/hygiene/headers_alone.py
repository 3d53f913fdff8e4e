"""Every public header compiles alone, without warnings: the core's without exceptions and RTTI."""
import pathlib
import tempfile

from checks import Checks, Compiler, in_parallel

# What takes longest of each header that includes it itself: compiled once, nothing else with it.
ASIO = "#include <asio.hpp>\n"

checks = Checks()
compiler = Compiler()


def includes_asio(header):
    return ASIO in (compiler.root / "adapters" / header).read_text()


def precompile_asio(folder, flags):
    """Flags with which a unit begins with Asio."""
    first = pathlib.Path(folder) / "first.hpp"
    first.write_text(ASIO)
    checks.check("Asio compiles alone", compiler.problems(
        flags + ["-x", "c++-header", str(first), "-o", f"{first}.gch"]))
    return ["-include", str(first)]


def compile_alone(unit):
    header, flags = unit
    return compiler.problems(flags + ["-fsyntax-only", "-x", "c++", "-"],
                             f"#include <{header}>\n")


with tempfile.TemporaryDirectory() as scratch:
    units = [(header, compiler.core_flags()) for header in compiler.core_headers()]
    for adapter in compiler.adapters:
        flags = compiler.adapter_flags(adapter)
        begin = precompile_asio(scratch, flags) if adapter == "asio" else []
        units += [(header, flags + (begin if includes_asio(header) else []))
                  for header in compiler.adapter_headers(adapter)]
    for (header, _), problems in zip(units, in_parallel(compile_alone, units)):
        checks.check(f"{header} compiles alone", problems)
checks.finish()
