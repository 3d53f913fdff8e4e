"""Another project builds and runs with what CMake's find_package finds of an installation that was
moved; and find_package says clearly why it does not find one."""
import re
import shutil

from installation import (CONSUMER, WITHOUT_NGHTTP2, Checks, check_programs, compiler, environment,
                          folder, headers_of_nghttp2, install, problems, run, strange_headers)

ANSWERS = {
    "0.1": "found: h2ws",
    "0.1.0": "found: h2ws",
    "0.1.1": "not found:",
    "0.2": "not found:",
    "0.0": "not found:",
    "1.0": "not found:",
    "0.1...0.9": "found: h2ws",
    "0.0...<0.1": "not found:",
    "0.2...1.0": "not found:",
    "0.1.0 EXACT": "found: h2ws",
    "0.1 EXACT": "found: h2ws",
    "COMPONENTS tls": "not found: The component tls cannot be had: h2ws has the components nghttp2,"
                      " asio and zlib only.",
    "OPTIONAL_COMPONENTS tls": "found: h2ws",
    "COMPONENTS nghttp2": "found: h2ws nghttp2",
    "OPTIONAL_COMPONENTS nghttp2": "found: h2ws nghttp2",
    "COMPONENTS nghttp2 asio": "found: h2ws nghttp2 asio",
    "COMPONENTS asio": "found: h2ws nghttp2 asio",  # nghttp2 was made before
    "COMPONENTS zlib": "found: h2ws nghttp2 asio zlib",
    # for g++ as for clang++
    "definitions of asio": "ASIO_STANDALONE;ASIO_HAS_STD_ALIGNED_ALLOC=1;ASIO_HAS_CO_AWAIT=1;"
                           "ASIO_HAS_STD_COROUTINE=1",
}
UNAVAILABLE = "not found: The component {} cannot be had: {}."
NO_NGHTTP2 = {
    "COMPONENTS nghttp2": UNAVAILABLE.format(
        "nghttp2", "pkg-config does not find libnghttp2 1.52 or later"),
    "OPTIONAL_COMPONENTS nghttp2": "found: h2ws",
    "COMPONENTS asio": "found: h2ws asio",
}
NO_PKG_CONFIG = {
    "COMPONENTS nghttp2": UNAVAILABLE.format(
        "nghttp2", "pkg-config, which is to find libnghttp2, is not there"),
}
NO_OPENSSL = {"COMPONENTS nghttp2 asio": UNAVAILABLE.format("asio", "OpenSSL is not found")}
NO_ZLIB = {"COMPONENTS zlib": UNAVAILABLE.format("zlib", "zlib 1.2.9 or later is not found")}
NO_THREADS = {"COMPONENTS nghttp2 asio": UNAVAILABLE.format("asio", "Threads is not found")}
NO_ASIO = {"COMPONENTS nghttp2 asio": UNAVAILABLE.format(
    "asio", "standalone Asio (asio/version.hpp) is not found")}
NOT_INSTALLED = {
    "0.1": "found: h2ws",
    "COMPONENTS nghttp2": UNAVAILABLE.format("nghttp2", "this h2ws was installed without it"),
    "OPTIONAL_COMPONENTS nghttp2": "found: h2ws",
    "COMPONENTS zlib": UNAVAILABLE.format("zlib", "this h2ws was installed without it"),
}


def configure(source, prefix, *options, **variables):
    """`cmake` for a project that is to find h2ws in `prefix`."""
    command, launcher = compiler()
    build = into / f"build-{source.name}"
    return run(["cmake", "--fresh", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
                f"-DCMAKE_CXX_COMPILER={command[0]}", f"-DCMAKE_CXX_FLAGS={' '.join(command[1:])}",
                *(f"-DCMAKE_CXX_COMPILER_LAUNCHER={word}" for word in launcher), *options],
               env=environment(**variables))


def wrong_answers(expected, prefix, *options, **variables):
    """Problems with what find_package answers in the project that asks in many ways."""
    done = configure(CONSUMER.parent / "find_package", prefix, *options, **variables)
    answers = dict(re.findall(r"^-- \[(.*)\] (.*)$", done.stdout, re.M))
    wrong = [f"[{question}] is answered with: {answers.get(question, 'nothing')}"
             for question, answer in expected.items()
             if answers.get(question, "").strip() != answer]
    return wrong + problems(done) if wrong else []


checks = Checks()
with folder() as into:
    moved = install(into)
    build = into / "build-consumer"
    checks.check("a project that asks for the components is configured",
                 problems(configure(CONSUMER, moved)))
    checks.check("it compiles", problems(run(["cmake", "--build", build, "-j2"],
                                             env=environment())))
    check_programs(checks, "CMake", build)
    checks.check("only installed headers were read",
                 strange_headers(build.rglob("*.cpp.o.d"), moved))

    checks.check("versions and components are found as asked", wrong_answers(ANSWERS, moved))
    checks.check("a library that is missing is named", wrong_answers(
        NO_NGHTTP2, moved, PKG_CONFIG_LIBDIR=str(into)))
    checks.check("so is pkg-config", wrong_answers(
        NO_PKG_CONFIG, moved, "-DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON"))
    for expected, what in ((NO_OPENSSL, "OpenSSL"), (NO_THREADS, "Threads"), (NO_ZLIB, "ZLIB")):
        checks.check(f"so is {what}", wrong_answers(
            expected, moved, f"-DCMAKE_DISABLE_FIND_PACKAGE_{what}=ON"))
    checks.check("so is Asio", wrong_answers(
        NO_ASIO, moved, "-DCMAKE_SYSTEM_INCLUDE_PATH=", "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF"))
    stopped = configure(CONSUMER, moved, "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON")
    reason = NO_OPENSSL["COMPONENTS nghttp2 asio"].removeprefix("not found: ")
    checks.check("a required component that is missing stops CMake with the reason",
                 [] if stopped.returncode != 0 and reason in " ".join(stopped.stdout.split())
                 else stopped.stdout.splitlines())
    shutil.rmtree(build)
    checks.check("the project is configured where there is no libnghttp2",
                 problems(configure(CONSUMER, moved, PKG_CONFIG_LIBDIR=str(into))))
    checks.check("what does without it compiles",
                 problems(run(["cmake", "--build", build, "-j2"], env=environment())))
    check_programs(checks, "CMake without libnghttp2", build, WITHOUT_NGHTTP2)
    checks.check("no header of nghttp2 was read", headers_of_nghttp2(build.rglob("*.cpp.o.d")))
with folder() as into:
    core = install(into, "-Dnghttp2=disabled", "-Dasio=disabled", "-Dzlib=disabled")
    checks.check("an adapter that was not installed is named",
                 wrong_answers(NOT_INSTALLED, core))
checks.finish()
