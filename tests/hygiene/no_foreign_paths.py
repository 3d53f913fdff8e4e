"""No file of the project names a path outside it: what is not in the tree does not exist."""
import os
import pathlib
import shutil
import subprocess

from checks import Checks, source_root

# Put together here, or this file would be the first to be found.
FOREIGN = [b".." + b"/shared", b"." + b"library", b"/" + b"work/", b"/" + b"root/"]


def files_of(root):
    """What git tracks or would track; without git, all but hidden and build folders."""
    if shutil.which("git"):
        git = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if git.returncode == 0 and git.stdout:
            return sorted({root / os.fsdecode(name) for name in git.stdout.split(b"\0") if name})
    return sorted(path for path in root.rglob("*") if path.is_file()
                  and not any(part == ".git" or part.startswith("build") or part == "__pycache__"
                              for part in path.relative_to(root).parts[:-1]))


def mentions(path):
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        for word in FOREIGN:
            if word in line:
                yield f"line {number} mentions {word.decode()}"


checks = Checks()
root = source_root()
by_folder = {}
for path in files_of(root):
    if path.is_file():  # it may be deleted and not yet committed
        name = path.relative_to(root)
        problems = [f"{name}: {problem}" for problem in mentions(path)]
        by_folder.setdefault(name.parts[0] if len(name.parts) > 1 else ".", []).extend(problems)
for folder, problems in sorted(by_folder.items()):
    checks.check(f"{folder}: no paths from outside the project", problems)
checks.finish()
