"""Another project builds and runs with what pkg-config says of an installation that was moved."""
import os
import re

from installation import (CONSUMER, WITHOUT_NGHTTP2, Checks, check_programs, compiler, environment,
                          folder, headers_of_nghttp2, install, problems, run, source_root,
                          strange_headers)

PACKAGES = {"core": ["h2ws"], "http2": ["h2ws"], "asio": ["h2ws-asio"],
            "nghttp2": ["h2ws-nghttp2"], "asio_nghttp2": ["h2ws-asio", "h2ws-nghttp2"]}
DEFINITIONS = {"-DASIO_STANDALONE", "-DASIO_HAS_STD_ALIGNED_ALLOC=1", "-DASIO_HAS_CO_AWAIT=1",
               "-DASIO_HAS_STD_COROUTINE=1"}


def says(expected, *question):
    """Problems with the words that pkg-config answers; an include folder is put in order."""
    done = run(["pkg-config", *question], env=env)
    words = {word[:2] + os.path.normpath(word[2:]) if word.startswith("-I") else word
             for word in done.stdout.split()}
    return problems(done) or ([] if words == expected else [f"it says {done.stdout.strip()}"])


def build(name):
    """Problems with compiling a program with these packages, into `into`."""
    flags = run(["pkg-config", "--cflags", "--libs", *PACKAGES[name]], env=env)
    command, launcher = compiler()
    return problems(flags) or problems(run(
        launcher + command + ["-std=c++20", "-MMD", "-MF", into / f"{name}.d",
                              CONSUMER / f"{name}.cpp"] + flags.stdout.split() +
        ["-o", into / name], env=env))


checks = Checks()
with folder() as into:
    moved = install(into)
    env = environment(PKG_CONFIG_PATH=str(moved / "share" / "pkgconfig"))
    version = re.search(r"version: '([^']+)'", (source_root() / "meson.build").read_text())[1]
    include = f"-I{moved}/include"
    for package in ("h2ws", "h2ws-nghttp2", "h2ws-asio", "h2ws-zlib"):
        checks.check(f"{package} is valid", problems(run(["pkg-config", "--validate", package],
                                                         env=env)))
        checks.check(f"{package} has the project's version", says({version}, "--modversion",
                                                                  package))
    checks.check("h2ws has its headers and nothing to link", says({include}, "--cflags", "--libs",
                                                                  "h2ws"))
    checks.check("h2ws requires nothing", says(set(), "--print-requires", "h2ws"))
    checks.check("h2ws-nghttp2 requires the core and libnghttp2", says(
        {"h2ws", "=", version, "libnghttp2", ">=", "1.52.0"}, "--print-requires", "h2ws-nghttp2"))
    checks.check("h2ws-nghttp2 links nghttp2", says({include, "-lnghttp2"}, "--cflags", "--libs",
                                                    "h2ws-nghttp2"))
    checks.check("h2ws-zlib requires the core and zlib", says(
        {"h2ws", "=", version, "zlib", ">=", "1.2.9"}, "--print-requires", "h2ws-zlib"))
    checks.check("h2ws-zlib links zlib", says({include, "-lz"}, "--cflags", "--libs", "h2ws-zlib"))
    checks.check("h2ws-asio requires the core and OpenSSL", says(
        {"h2ws", "=", version, "openssl"}, "--print-requires", "h2ws-asio"))
    checks.check("h2ws-asio shows every compiler the same Asio", says(
        {include} | DEFINITIONS, "--cflags", "h2ws-asio"))
    checks.check("h2ws-asio links OpenSSL and threads", says(
        {"-pthread", "-lssl", "-lcrypto"}, "--libs", "h2ws-asio"))
    for name in PACKAGES:
        checks.check(f"{name} compiles with pkg-config {' '.join(PACKAGES[name])}", build(name))
    check_programs(checks, "pkg-config", into)
    checks.check("only installed headers were read", strange_headers(into.glob("*.d"), moved))
    checks.check("who does not ask for nghttp2 sees nothing of it",
                 headers_of_nghttp2(into / f"{name}.d" for name in WITHOUT_NGHTTP2))
checks.finish()
