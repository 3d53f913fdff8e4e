"""Includes only go down the layers, and inside a layer only to names earlier in its list.

The table below is the architecture. A new header gets its place here, or this test fails.
"""
import pathlib
import re

from checks import Checks, source_root

# The core, lowest first: a layer's name and its headers in order. A header may include whatever
# stands before it.
CORE = [
    ("words", "bytes status_code http2_error errc result"),
    ("wire", "instructions mask frame_header utf8_blocks utf8 close_payload characters field field_list extension uri"),
    ("rules", "role limits control_frame extension_slot payload_place frame_reader message_rules"
              " outgoing_message closing_handshake connect_gate message_head extended_connect"
              " opening_handshake deflate_parameters"),
    ("object", "event whole_message websocket h2ws"),
    ("opt-in", "allocator spare_memory owned growing_array gather_list instant flood_guard message_buffer keepalive"
               " std_error_code accept_key system_entropy output_block output_queue"
               " session_options surroundings field_store stream_event event_queue tunnel stream stream_table"
               " session_streams session_input session_base session client_session server_session role_session"),
    ("http2 wire", "http2/frame http2/huffman http2/hpack_integer http2/hpack_representation"
                   " http2/hpack_static_table http2/hpack_table http2/hpack_decoder http2/hpack_encoder"
                   " http2/hpack"),
    ("http2", "http2/flow_control http2/window_growth http2/priority http2/limits http2/idle_priorities http2/peer_settings http2/control_frames"
              " http2/stream_map http2/turns http2/session_output http2/session_sections http2/session_frames"
              " http2/session"),
]
# Layers that may see only some of those below them.
ONLY_SEES = {"http2 wire": {"words", "wire", "http2 wire"}}
# And single headers beside: a dynamic table is memory.
ALSO_SEES = {"http2 wire": {"allocator", "growing_array"}}

# An adapter's headers in order; all may include the core but what is forbidden here.
ADAPTERS = {
    "nghttp2": "options header_list frame_kind engine callbacks session server client stream_index attach",
    "asio": "clock waiting operation pump connection serve connect inbox stream_state kept_request"
            " context_end stream_router stream offer stream_connection tls",
    "zlib": "memory compressor decompressor deflate_codec permessage_deflate deflate_answer",
}
ADAPTER_MUST_NOT_SEE = {"nghttp2": ["http2/"], "asio": ["http2/"], "zlib": ["http2/"]}
# What an adapter may include of third parties, beside the C++ standard library.
THIRD_PARTIES = {"nghttp2": r"nghttp2/nghttp2\.h", "asio": r"asio(/.*)?\.hpp|openssl/.*\.h",
                 "zlib": r"zlib\.h"}

# Standard headers that the core does without: they allocate, throw, or cost much to compile.
PURE_LAYERS = {"words", "wire", "rules", "object", "http2 wire"}
FORBIDDEN_IN_PURE = {"immintrin.h", "functional", "memory", "ranges", "chrono", "iostream", "format",
                     "system_error", "string", "vector"}
# The opt-in headers take what they need, but do no I/O and start no thread.
FORBIDDEN_IN_CORE = {"immintrin.h", "iostream", "fstream", "thread", "system_error"}
# Exceptions: a header, and what it alone may include.
MAY_INCLUDE = {
    "std_error_code": {"system_error"},
    "system_entropy": {"sys/random.h", "unistd.h", "cerrno"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ORDER = [(layer, name) for layer, names in CORE for name in names.split()]
RANK = {name: rank for rank, (_, name) in enumerate(ORDER)}
LAYER = {name: layer for layer, name in ORDER}


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1], found[2]


def resolve(root, path, quote, target):
    """The header of ours that is meant: ("include" or "adapters", its name), or None."""
    candidates = [path.parent / target] if quote == '"' else []
    candidates += [root / side / target for side in ("include", "adapters")]
    for candidate in candidates:
        for side in ("include", "adapters"):
            base = (root / side / "h2ws").resolve()
            if candidate.resolve().is_relative_to(base) and candidate.is_file():
                return side, str(candidate.resolve().relative_to(base).with_suffix(""))
    return None


def core_to_core(name, other):
    if other not in RANK:
        return f"{other} has no place in the table"
    if (LAYER[name] in ONLY_SEES and LAYER[other] not in ONLY_SEES[LAYER[name]]
            and other not in ALSO_SEES.get(LAYER[name], ())):
        return f"{LAYER[name]} must not see {other} ({LAYER[other]})"
    if RANK[other] >= RANK[name]:
        return f"{other} ({LAYER[other]}) is not below {name} ({LAYER[name]})"
    return None


def core_to_standard(name, target):
    if target in MAY_INCLUDE.get(name, ()):
        return None
    if target in FORBIDDEN_IN_CORE or LAYER[name] in PURE_LAYERS and target in FORBIDDEN_IN_PURE:
        return f"<{target}> is forbidden in {LAYER[name]}"
    if not re.fullmatch(r"[a-z_0-9]+", target):
        return f"<{target}> is not of the C++ standard library"
    return None


def adapter_to_adapter(adapter, position, other):
    other_adapter, _, other_position = other.partition("/")
    names = ADAPTERS.get(other_adapter, "").split()
    if other_adapter != adapter:
        return f"{adapter} must not see {other}"
    if other_position not in names:
        return f"{other} has no place in the table"
    if names.index(other_position) >= ADAPTERS[adapter].split().index(position):
        return f"{other} is not before {adapter}/{position}"
    return None


def problem_of_core(root, path, name, quote, target):
    meant = resolve(root, path, quote, target)
    if meant is None:
        if quote == '"' or target.startswith("h2ws/"):
            return f"{target} does not exist"
        return core_to_standard(name, target)
    side, other = meant
    return core_to_core(name, other) if side == "include" else f"the core must not see {other}"


def problem_of_adapter(root, path, adapter, position, quote, target):
    meant = resolve(root, path, quote, target)
    if meant is None:
        if quote == '"' or target.startswith("h2ws/"):
            return f"{target} does not exist"
        ours = re.fullmatch(r"[a-z_0-9]+", target) or re.fullmatch(THIRD_PARTIES[adapter], target)
        return None if ours else f"<{target}> is not for {adapter}"
    side, other = meant
    if side == "adapters":
        return adapter_to_adapter(adapter, position, other)
    if other.startswith(tuple(ADAPTER_MUST_NOT_SEE[adapter])):
        return f"{adapter} must not see {other}"
    return None


def check_core(checks, root, path):
    name = str(path.relative_to(root / "include" / "h2ws").with_suffix(""))
    if name not in RANK or path.suffix != ".hpp":
        checks.check(f"h2ws/{path.name}", ["has no place in the table of layers.py"])
        return
    found = [(number, problem_of_core(root, path, name, quote, target))
             for number, quote, target in includes(path)]
    checks.check(f"h2ws/{name}.hpp includes only what is below it ({LAYER[name]})",
                 [f"line {number}: {problem}" for number, problem in found if problem])


def check_adapter(checks, root, path):
    name = path.relative_to(root / "adapters" / "h2ws")
    adapter, position = name.parts[0], str(pathlib.Path(*name.parts[1:]).with_suffix(""))
    if path.suffix != ".hpp" or position not in ADAPTERS.get(adapter, "").split():
        checks.check(f"adapters/h2ws/{name}", ["has no place in the table of layers.py"])
        return
    found = [(number, problem_of_adapter(root, path, adapter, position, quote, target))
             for number, quote, target in includes(path)]
    checks.check(f"adapters/h2ws/{name} includes only what is below it",
                 [f"line {number}: {problem}" for number, problem in found if problem])


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


checks = Checks()
root = source_root()
for path in files(root / "include"):
    if path.is_relative_to(root / "include" / "h2ws"):
        check_core(checks, root, path)
    else:
        checks.check(str(path.relative_to(root)), ["is not in include/h2ws"])
for path in files(root / "adapters" / "h2ws"):
    check_adapter(checks, root, path)
checks.finish()
