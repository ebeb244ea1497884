"""See that the parameters of a C3D file are well-formed: ezc3d crashes the program on some that are not."""

from __future__ import annotations

import math
import struct
from typing import Final

_BLOCK: Final = 512
_KEY: Final = 0x50
#: Processors that wrote numbers with the largest byte first.
_BIG_ENDIAN: Final = (86,)
_TYPES: Final = {255: 1, 1: 1, 2: 2, 4: 4}
_MOST_DIMENSIONS: Final = 7


def check_c3d(content: bytes) -> None:
    """Walk through all groups and parameters, without a look at what they mean.

    Args:
        content: All bytes of the file.

    Raises:
        ValueError: It is no C3D file, or its parameters do not fit into each other.
    """
    start = (content[0] - 1) * _BLOCK if content else 0
    if len(content) < _BLOCK or content[1] != _KEY or start < _BLOCK or len(content) < start + 4:
        raise ValueError("it does not begin as C3D does")
    blocks = content[start + 2]  # some programs write 0
    end = start + blocks * _BLOCK if blocks else len(content)
    if end > len(content):
        raise ValueError("it ends within its parameters")
    order = ">" if content[start + 3] in _BIG_ENDIAN else "<"
    at = start + 4
    while True:
        name, group = struct.unpack_from("bb", content, at)
        if name == 0:
            break
        link = at + 2 + abs(name)
        (offset,) = struct.unpack_from(f"{order}h", content, link)
        following = link + offset if offset else end
        if group == 0 or not link + 2 < following <= end:
            raise ValueError(f"its parameters are broken at byte {at}")
        _check_record(content[link + 2 : following], is_group=group < 0)
        if not offset:
            break
        at = following


def _check_record(record: bytes, *, is_group: bool) -> None:
    """See that a parameter's values, and its description, are as long as they say."""
    size = 0
    if not is_group:
        kind, dimensions = struct.unpack_from("BB", record)
        if kind not in _TYPES or dimensions > _MOST_DIMENSIONS:
            raise ValueError("it has a parameter of an unknown type")
        size = 2 + dimensions + _TYPES[kind] * math.prod(record[2 : 2 + dimensions])
    if size >= len(record) or size + 1 + record[size] > len(record):
        raise ValueError("it has a parameter that is longer than its place")
