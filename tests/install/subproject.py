"""Another project builds and runs with h2ws as a subproject of Meson, by a wrap file."""
import json
import shutil

from installation import (CONSUMER, Checks, PROGRAMS, check_programs, environment, folder, problems,
                          run, source_root, strange_headers)


def not_released(_, names):
    return [name for name in names if name.startswith((".", "build")) or name == "__pycache__"]


checks = Checks()
with folder() as into:
    project, build = into / "consumer", into / "build"
    shutil.copytree(CONSUMER, project)
    subproject = project / "subprojects" / "h2ws"
    shutil.copytree(source_root(), subproject, ignore=not_released)
    checks.check("a project with the wrap file is configured", problems(run(
        ["meson", "setup", build, project, "--force-fallback-for=h2ws,h2ws-nghttp2,h2ws-asio"],
        env=environment())))
    checks.check("it compiles", problems(run(["ninja", "-C", build, "-j2"], env=environment())))
    check_programs(checks, "subproject", build)
    # Ninja keeps what compilers read in a log of its own.
    log = into / "deps"
    log.write_text(run(["ninja", "-C", build, "-t", "deps"]).stdout)
    checks.check("only the subproject's headers were read",
                 strange_headers([log], subproject, build))
    described = run(["meson", "introspect", build, "--targets"])
    targets = json.loads(described.stdout) if described.returncode == 0 else []
    names = {target["name"] for target in targets}
    checks.check("the subproject builds nothing of its own",
                 [] if names == set(PROGRAMS) else [str(sorted(names))])
checks.finish()
