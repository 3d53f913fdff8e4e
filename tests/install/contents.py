"""What `meson install` puts where: all public headers and only those, and what finds them."""
from installation import Checks, PREFIX, folder, install, source_root

FINDERS = {"share/cmake/h2ws/h2ws-config.cmake", "share/cmake/h2ws/h2ws-config-version.cmake"}


def headers(*parts):
    """The headers in the source tree, as they are to be installed."""
    found = set()
    for part in parts:
        base = source_root() / part
        found |= {f"include/{path.relative_to(base)}" for path in base.rglob("*.hpp")}
    return found


def difference(installed, expected):
    return ([f"missing: {name}" for name in sorted(expected - installed)] +
            [f"not to be installed: {name}" for name in sorted(installed - expected)])


def contents(place):
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


checks = Checks()
with folder() as into:
    whole = install(into)
    checks.check("all headers are installed, and else only what finds them", difference(
        contents(whole), headers("include", "adapters") | FINDERS |
        {f"share/pkgconfig/h2ws{part}.pc" for part in ("", "-nghttp2", "-asio", "-zlib")}))
    wrong = [f"{path.name} names {text}" for path in whole.rglob("*") if path.is_file()
             for text in (PREFIX, str(source_root()), str(into)) if text in path.read_text()]
    checks.check("no file names the place it was made in or installed to", wrong)
with folder() as into:
    core = install(into, "-Dnghttp2=disabled", "-Dasio=disabled", "-Dzlib=disabled")
    checks.check("without adapters only the core is installed", difference(
        contents(core), headers("include") | FINDERS | {"share/pkgconfig/h2ws.pc"}))
checks.finish()
