"""The container of glTF: a file of JSON and numbers, written and read without trust."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import FloatArray

_MAGIC, _VERSION, _JSON, _BIN = b"glTF", 2, b"JSON", b"BIN\0"
_COMPONENTS: Final = {"f": 5126, "H": 5123, "B": 5121}
_TYPES: Final = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_WIDTHS: Final = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}
VERTICES: Final = 34962
INDICES: Final = 34963


class Buffer:
    """Numbers of a file that is being made.

    Attributes:
        views: ``bufferViews`` of the file.
        accessors: ``accessors`` of the file.
    """

    def __init__(self) -> None:
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, values: npt.NDArray[Any], *, target: int | None = None, with_range: bool = False) -> int:
        """Add an array: float32, uint16 or uint8, of numbers, vectors of 3 or 4, or matrices of 4 × 4.

        Args:
            values: (N, ...).
            target: ``VERTICES`` or ``INDICES``, where it is of a mesh.
            with_range: Whether to say the least and the greatest value, as times and places need it.

        Returns:
            The accessor's index.
        """
        content = np.ascontiguousarray(values).tobytes()
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._size, "byteLength": len(content)}
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views),
            "componentType": _COMPONENTS[values.dtype.char],
            "count": len(values),
            "type": _TYPES[values.shape[1:]],
        }
        if with_range:
            flat = values.reshape(len(values), -1)
            accessor |= {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
        self.views.append(view)
        self.accessors.append(accessor)
        self._parts.append(content + bytes(-len(content) % 4))
        self._size += len(self._parts[-1])
        return len(self.accessors) - 1

    def file(self, document: dict[str, Any]) -> bytes:
        """The whole file.

        Args:
            document: The JSON, but for buffers, views and accessors.
        """
        whole = {
            **document,
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": self._size}],
        }
        text = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode("ascii")
        text += b" " * (-len(text) % 4)
        size = 12 + 8 + len(text) + 8 + self._size
        head = struct.pack("<4sII", _MAGIC, _VERSION, size) + struct.pack("<I4s", len(text), _JSON)
        return b"".join((head, text, struct.pack("<I4s", self._size, _BIN), *self._parts))


class Document:
    """A file that is read.

    Attributes:
        json: Its JSON.

    Raises:
        ValueError: It is no such file.
    """

    def __init__(self, content: bytes) -> None:
        if len(content) < 20 or content[:4] != _MAGIC:
            raise ValueError("it does not begin with glTF")
        version, size, length = struct.unpack_from("<4xIII", content)
        if version != _VERSION or size > len(content) or 20 + length > len(content):
            raise ValueError("it is of another version, or cut off")
        if content[16:20] != _JSON:
            raise ValueError("its first part is not JSON")
        self.json: dict[str, Any] = json.loads(content[20 : 20 + length])
        if not isinstance(self.json, dict):
            raise ValueError("its JSON is not an object")
        self._numbers = memoryview(content)[28 + length :]

    def floats(self, index: int) -> FloatArray:
        """(N, ...) float32, the numbers of an accessor.

        Raises:
            ValueError: They are of another kind, or not all there.
        """
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        width, count = _WIDTHS[accessor["type"]], accessor["count"]
        if accessor["componentType"] != _COMPONENTS["f"] or "sparse" in accessor or view.get("byteStride"):
            raise ValueError("its numbers are stored in a way that this package does not write")
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        if min(start, count) < 0 or start + 4 * width * count > len(self._numbers):
            raise ValueError("numbers are missing at its end")
        values = np.frombuffer(self._numbers, "<f4", width * count, start)
        return values.reshape((count, width) if width > 1 else (count,))
