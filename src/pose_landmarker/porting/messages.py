"""What programs do with messages of protobuf, which landmarks are not here."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from pose_landmarker.porting.chunk import Chunk
from pose_landmarker.porting.findings import Finding

_METHODS = frozenset({"FromString", "MergeFrom", "MergeFromString", "ParseFromString", "SerializeToString"})
_FUNCTIONS = frozenset({"MessageToDict", "MessageToJson"})
_REASON = (
    "takes messages of protobuf, which landmarks of solutions are not here; take their numbers, as in "
    "[{'x': p.x, 'y': p.y, 'z': p.z, 'visibility': p.visibility} for p in results.pose_landmarks.landmark]"
)


def message_uses(chunks: Sequence[Chunk]) -> Iterable[Finding]:
    """Calls such as ``MessageToDict(results.pose_landmarks)`` and ``landmarks.SerializeToString()``."""
    for chunk in chunks:
        for node in chunk.nodes:
            if isinstance(node, ast.Call) and (name := _message_name(node.func)):
                yield Finding("advice", node.lineno, name, _REASON, chunk.cell)


def _message_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr if function.attr in _METHODS | _FUNCTIONS else ""
    return function.id if isinstance(function, ast.Name) and function.id in _FUNCTIONS else ""
