"""syntax.py BUILD FOLDER [WORD]: whether the build's compiler takes the sources in FOLDER as they are
to be built, without the time that making code of them takes. Of a source that is built more than
once WORD, which stands in the object's name, says which."""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys


def complaints(entry):
    command = [*shlex.split(entry["command"]), "-fsyntax-only"]
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"{entry['file']}:\n{done.stderr}"


def main(build, folder, word=""):
    place = pathlib.Path(folder).resolve()
    entries = [entry for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text())
               if pathlib.Path(entry["directory"], entry["file"]).resolve().is_relative_to(place)
               and word in entry["output"]]
    # clang asks for what is precompiled, though it only reads.
    precompiled = {words[place + 1] for words in (shlex.split(entry["command"]) for entry in entries)
                   for place, word in enumerate(words) if word == "-include-pch"}
    if precompiled:
        subprocess.run(["ninja", "-C", build, *sorted(precompiled)], check=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [said for said in pool.map(complaints, entries) if said]
    print(*wrong, f"{len(entries) - len(wrong)} of {len(entries)} are taken", sep="\n")
    sys.exit(not entries or bool(wrong))


main(*sys.argv[1:])
