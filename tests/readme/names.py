"""names.py PROJECT: every name in the README's view of the API stands in a header."""
import pathlib
import re
import sys

BLOCK = re.compile(r"^## The API on one screen\n.*?^```\n(.*?)^```$", re.M | re.S)
# Words of C++ and of its library, and a parameter's name that stands for several.
KNOWN = set("optional span string_view bool int auto".split())

project = pathlib.Path(sys.argv[1])
screen = BLOCK.search((project / "README.md").read_text())[1]
headers = "\n".join(path.read_text() for folder in ("include", "adapters")
                    for path in sorted((project / folder).rglob("*.hpp")))
declared = set(re.findall(r"\w+", re.sub(r"//.*", "", headers))) | KNOWN
names = set(re.findall(r"[a-z_]\w+", re.sub(r"//.*", "", screen)))
paths = re.findall(r"h2ws/[\w/]+\.hpp", screen)
problems = [f"{name} stands in no header" for name in sorted(names - declared)]
problems += [f"{path} does not exist" for path in paths
             if not any((project / folder / path).is_file() for folder in ("include", "adapters"))]
print("\n".join(problems))
total = len(names) + len(paths)
print(f"cases: {total - len(problems)} passed, {len(problems)} failed")
sys.exit(bool(problems) or not names)
