"""provoked.py ROOT: every error of errc.hpp is expected by a test, beside the table's own."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
header = (root / "include/h2ws/errc.hpp").read_text()
names = re.findall(r"^    (\w+),$", header.split("enum class errc")[1].split("};")[0], re.M)
tests = "\n".join(path.read_text() for path in sorted((root / "tests").rglob("*.[ch]pp"))
                  if path.name not in ("errc.cpp", "errors.cpp"))
# As a value, or in the line of a log that a test compares: "rejected te_invalid".
expected = set(re.findall(r"\berrc::(\w+)", tests)) | set(
    re.findall(r"\b(\w+)", " ".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', tests))))
missing = [name for name in names if name not in expected]
for name in missing:
    print(f"no test expects errc::{name}")
print(f"cases: {len(names) - len(missing)} passed, {len(missing)} failed")
sys.exit(1 if missing or not names else 0)
