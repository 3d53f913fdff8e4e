"""Headers have at most 400 lines, functions at most 40; headers over 250 lines are told.

Functions are found by their braces, which relies on the sources being formatted by clang-format:
a function's body opens with " {", an initialiser's brace follows a name directly or stands after
"=" or inside parentheses. The length is that of the body, both braces' lines included.
"""
import re

from checks import Checks, headers, source_root

HEADER_LINES = 400
HEADER_LINES_TOLD = 250
FUNCTION_LINES = 40

TOKEN = re.compile(r"""
    //[^\n]* | /\*.*?\*/                       # comments
  | R"(?P<raw>[^(\s]*)\(.*?\)(?P=raw)"         # raw strings
  | "(?:\\.|[^"\\\n])*"
  | (?<![0-9A-Za-z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'   # a character; 1'000 is a number
  | ^[ \t]*\#(?:\\\n|[^\n])*                   # preprocessor lines
""", re.X | re.S | re.M)


def blank(text):
    """The text with comments, literals and preprocessor lines blanked, its lines kept."""
    return TOKEN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def is_function(declaration):
    """Whether the brace after this text, which begins at a declaration, opens a function's body."""
    text = re.sub(r"operator\s*(\(\)|\[\]|[^\s\w(]+)", "operator", declaration)
    while re.search(r"\([^()]*\)", text):
        text = re.sub(r"\([^()]*\)", " @ ", text)  # @ stands for a pair of parentheses
    text = text.replace("->", " ")
    while re.search(r"<[^<>]*>", text):
        text = re.sub(r"<[^<>]*>", " ", text)
    if re.search(r"\b(namespace|class|struct|union|enum|extern)\b", text):
        return False
    return "@" in text and "=" not in text


def functions(text):
    """(first line of the declaration, lines of the body) of every function, lambdas in them apart."""
    text = blank(text)
    stack = []          # what every open bracket is: "(" "container" "initialiser" "function"
    start = 0           # where the declaration began
    for position, char in enumerate(text):
        inside = "function" in stack
        if char in "([":
            stack.append("(")
        elif char in ")]" and stack:
            stack.pop()
        elif char == "{":
            declaration = text[start:position]
            if inside:
                kind = "block"
            elif "(" in stack or "initialiser" in stack or not declaration[-1:].isspace():
                kind = "initialiser"
            elif is_function(declaration):
                kind, opened = "function", position
            elif "=" in re.sub(r"<[^<>]*>", "", declaration):
                kind = "initialiser"
            else:
                kind = "container"
            stack.append(kind)
            if kind == "container":
                start = position + 1
        elif char == "}" and stack:
            kind = stack.pop()
            if kind == "function":
                first = start + len(text[start:opened]) - len(text[start:opened].lstrip())
                yield text.count("\n", 0, first) + 1, text.count("\n", opened, position) + 1
            if kind in ("function", "container"):
                start = position + 1
        elif char == ";" and not inside and "(" not in stack:
            start = position + 1


def self_test(checks):
    """The heuristics on what they could take for something else."""
    body = "\n".join("    step();" for _ in range(45))
    long_ones = [f"namespace a {{\ntemplate <class T = int>\nclass b : c<T> {{\npublic:\n"
                 f"    b() noexcept : x_(1), y_{{2}} {{\n{body}\n    }}\n}};\n}}\n",
                 f"bool operator==(const a& x = {{}}) noexcept {{\n{body}\n}}\n",
                 f"auto f(int (*g)(int)) -> std::optional<int>\n    requires(sizeof(int) > 2)\n{{\n{body}\n}}\n"]
    short_ones = [f"inline constexpr std::array table{{\n{body}\n}};\n",
                  f"constexpr int t[] = {{\n{body}\n}};\n",
                  f"static_assert([] {{\n{body}\n    return true;\n}}());\n",
                  f"struct [[nodiscard]] s {{\n{body}\n    void f() {{ g('{{'); }}\n}};\n",
                  f"template <class T>\nconcept c = requires(T t) {{\n{body}\n}};\n"]
    problems = [f"not found: {text[:40]!r}" for text in long_ones
                if not any(lines == 47 for _, lines in functions(text))]
    problems += [f"not a function: {text[:40]!r}" for text in short_ones
                 if any(lines > 2 for _, lines in functions(text))]
    checks.check("functions are told from tables, classes and concepts", problems)


checks = Checks()
root = source_root()
self_test(checks)

for header in headers(root / "include") + headers(root / "adapters"):
    lines = len(header.read_text().splitlines())
    name = header.relative_to(root)
    checks.check(f"{name}: {lines} lines" + (", long" if lines > HEADER_LINES_TOLD else ""),
                 [f"more than {HEADER_LINES}"] if lines > HEADER_LINES else [])

counted = 0
problems = []
sources = [path for folder in ("include", "adapters", "tools", "examples")
           for path in sorted((root / folder).rglob("*.[hc]pp"))]
for source in sources:
    for line, length in functions(source.read_text()):
        counted += 1
        if length > FUNCTION_LINES:
            problems.append(f"{source.relative_to(root)}:{line}: {length} lines")
checks.check(f"{counted} functions have at most {FUNCTION_LINES} lines", problems)
checks.finish()
