"""A unit that instantiates both roles needs nothing of any library but the mem* functions.

So the core allocates nothing, throws nothing and reads no clock, whatever a caller does with it.
"""
import pathlib
import subprocess
import tempfile

from checks import Checks, Compiler

ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen", "_GLOBAL_OFFSET_TABLE_"}

checks = Checks()
compiler = Compiler()
unit = pathlib.Path(__file__).with_name("both_roles.cpp")

with tempfile.TemporaryDirectory() as folder:
    unit_object = pathlib.Path(folder) / "both_roles.o"
    problems = compiler.problems(
        compiler.core_flags() + ["-O2", "-c", str(unit), "-o", str(unit_object)])
    checks.check("both_roles.cpp compiles without exceptions and RTTI", problems)
    if not problems:
        nm = subprocess.run(["nm", "-A", str(unit_object)], text=True, check=True,
                            stdout=subprocess.PIPE).stdout
        symbols = [line.split()[-2:] for line in nm.splitlines()]
        undefined = {name for kind, name in symbols if kind in ("U", "w", "v")}
        checks.check("it leaves only mem*, bcmp and strlen undefined",
                     sorted(f"undefined: {name}" for name in undefined - ALLOWED))
        # A unit that defines nothing would prove nothing.
        defined = {name for kind, name in symbols if kind == "T"}
        checks.check("it defines the functions that are to be looked at",
                     [] if defined else ["no function is defined"])
checks.finish()
