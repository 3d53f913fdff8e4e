"""make.py AMALGAMATE OUTPUT: the single header, and beside it one that leads to it for each header
that went into it; those that did not cannot be included."""
import pathlib
import subprocess
import sys

amalgamate, output = sys.argv[1], pathlib.Path(sys.argv[2])
subprocess.run([sys.executable, amalgamate, "-o", output], check=True)
names = subprocess.run([sys.executable, amalgamate, "--list"], check=True, text=True,
                       stdout=subprocess.PIPE).stdout.split()
for name in names:
    if name != output.stem:
        output.with_name(f"{name}.hpp").write_text(f'#include "{output.name}"\n')
