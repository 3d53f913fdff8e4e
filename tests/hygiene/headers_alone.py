"""Every public header compiles alone, without warnings: the core's without exceptions and RTTI."""
from checks import Checks, Compiler, in_parallel

checks = Checks()
compiler = Compiler()

units = [(header, compiler.core_flags()) for header in compiler.core_headers()]
for adapter in compiler.adapters:
    units += [(header, compiler.adapter_flags(adapter))
              for header in compiler.adapter_headers(adapter)]


def compile_alone(unit):
    header, flags = unit
    return compiler.problems(flags + ["-fsyntax-only", "-x", "c++", "-"],
                             f"#include <{header}>\n")


for (header, _), problems in zip(units, in_parallel(compile_alone, units)):
    checks.check(f"{header} compiles alone", problems)
checks.finish()
