"""prints.py PROGRAM EXPECTED: the program's output is what is expected, and it exits with 0."""
import subprocess
import sys

program, expected = sys.argv[1:]
run = subprocess.run([program], capture_output=True, text=True, timeout=20)
good = run.returncode == 0 and run.stdout.strip() == expected
if not good:
    print(f"exit status {run.returncode}, printed {run.stdout!r} {run.stderr!r}")
print(f"cases: {int(good)} passed, {int(not good)} failed")
sys.exit(not good)
