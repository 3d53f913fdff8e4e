"""Reads mutants.txt: where each rule is obeyed, and what stands there when it is not."""
import dataclasses
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HEAD = re.compile(r"^(?:(compile) )?([\w/]+\.hpp) ([\w/]+)((?: R\d+)+)$")


@dataclasses.dataclass(eq=False)
class Mutant:
    number: int  # the line of its head in mutants.txt
    compiles: bool  # false: its test is a static_assert that must fail
    header: str  # below include/h2ws or adapters/h2ws
    test: str  # below tests/, without .cpp
    rules: list
    anchor: str  # what obeys the rules
    other: str  # what does not

    @property
    def name(self):
        return f"{self.header}, {' '.join(self.rules)} (mutants.txt:{self.number})"

    @property
    def is_statement(self):
        return self.anchor.endswith((";", "; }"))


def path_of(header):
    for folder in ("include", "adapters"):
        path = ROOT / folder / "h2ws" / header
        if path.exists():
            return path
    raise ValueError(f"there is no header {header}")


def place_of(mutant, text):
    """Where the anchor begins and ends; white space in it stands for any."""
    pattern = r"\s+".join(map(re.escape, mutant.anchor.split()))
    found = list(re.finditer(pattern, text))
    if len(found) != 1:
        raise ValueError(f"{mutant.name}: `{mutant.anchor}` stands there {len(found)} times")
    return found[0].span()


def read(path=HERE / "mutants.txt"):
    mutants = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if head := HEAD.match(line):
            mutants.append(Mutant(number, not head[1], head[2], head[3], head[4].split(), "", ""))
        elif line.startswith("- "):
            mutants[-1].anchor = f"{mutants[-1].anchor} {line[2:].strip()}".strip()
        elif line.startswith("+"):
            mutants[-1].other = f"{mutants[-1].other} {line[1:].strip()}".strip()
        elif line and not line.startswith("#"):
            raise ValueError(f"mutants.txt:{number}: {line}")
    return mutants
