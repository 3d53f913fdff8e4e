"""Another project builds and runs with h2ws as a subproject of Meson, by a wrap file."""
import json
import shutil

from installation import (CONSUMER, PROGRAMS, WITHOUT_NGHTTP2, Checks, check_programs, environment,
                          folder, headers_of_nghttp2, problems, run, source_root, strange_headers)


def not_released(_, names):
    return [name for name in names if name.startswith((".", "build")) or name == "__pycache__"]


def build_consumer(how, build, expected, *options):
    """Configures, builds and runs it; a file that names all the headers that were read."""
    checks.check(f"{how}: a project with the wrap file is configured", problems(run(
        ["meson", "setup", build, project, "--force-fallback-for=h2ws,h2ws-nghttp2,h2ws-asio",
         "-Ddebug=false", *options], env=environment())))
    checks.check(f"{how}: it compiles", problems(run(["ninja", "-C", build, "-j2"],
                                                     env=environment())))
    check_programs(checks, how, build, expected)
    described = run(["meson", "introspect", build, "--targets"])
    targets = json.loads(described.stdout) if described.returncode == 0 else []
    names = {target["name"] for target in targets}
    checks.check(f"{how}: it builds nothing of its own",
                 [] if names == set(expected) else [str(sorted(names))])
    # Ninja keeps what compilers read in a log of its own.
    log = build / "deps"
    log.write_text(run(["ninja", "-C", build, "-t", "deps"]).stdout)
    checks.check(f"{how}: only its headers were read", strange_headers([log], subproject, build))
    return log


checks = Checks()
with folder() as into:
    project = into / "consumer"
    shutil.copytree(CONSUMER, project)
    subproject = project / "subprojects" / "h2ws"
    shutil.copytree(source_root(), subproject, ignore=not_released)
    build_consumer("subproject", into / "build", PROGRAMS)
    read = build_consumer("subproject without nghttp2", into / "build-without", WITHOUT_NGHTTP2,
                          "-Dh2ws:nghttp2=disabled")
    checks.check("no header of nghttp2 was read", headers_of_nghttp2([read]))
checks.finish()
