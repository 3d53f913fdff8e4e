"""WebSocket frames as they are on the wire (RFC 6455 5.2), right or wrong."""
import collections
import os
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

WebSocketFrame = collections.namedtuple("WebSocketFrame", "opcode fin reserved key payload")


def xor(payload, key):
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return mixed.to_bytes(len(payload), "big")


def frame(opcode, payload=b"", fin=True, masked=False, reserved=0, length_bytes=None):
    """One frame; `length_bytes` (2 or 8) asks for a longer length than is needed."""
    payload = payload.encode() if isinstance(payload, str) else bytes(payload)
    size = len(payload)
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 65536 else 8
    short = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([fin << 7 | reserved << 4 | opcode, masked << 7 | short])
    if length_bytes:
        head += size.to_bytes(length_bytes, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + xor(payload, key)


def close_payload(code, reason=""):
    return struct.pack(">H", code) + (reason if isinstance(reason, bytes) else reason.encode())


class WebSocketReader:
    """Takes frames apart as they are on the wire, right or wrong."""

    def __init__(self):
        self.pending = bytearray()

    def feed(self, data):
        self.pending += data
        while (found := self.next_frame()) is not None:
            yield found

    def next_frame(self):
        if len(self.pending) < 2:
            return None
        first, second = self.pending[0], self.pending[1]
        more = {126: 2, 127: 8}.get(second & 127, 0)
        masked = bool(second & 128)
        head = 2 + more + (4 if masked else 0)
        if len(self.pending) < head:
            return None
        size = int.from_bytes(self.pending[2:2 + more], "big") if more else second & 127
        if len(self.pending) < head + size:
            return None
        key = bytes(self.pending[head - 4:head]) if masked else None
        payload = bytes(self.pending[head:head + size])
        del self.pending[:head + size]
        return WebSocketFrame(first & 15, bool(first & 128), first >> 4 & 7, key,
                              xor(payload, key) if masked else payload)
