"""Arrow arrays made of their buffers.

``pyarrow.array`` imports pandas where that is installed, to see whether it was given anything of it: half a
second and 60 MB in every worker and every start of a job.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pose_landmarker.export.arrow_tables import load_pyarrow


def numbers(column: npt.NDArray[Any], known: npt.NDArray[np.bool_] | None = None) -> Any:
    """Numbers of the array's kind; null where they are not known."""
    pa = load_pyarrow()
    buffer = pa.py_buffer(np.ascontiguousarray(column))
    return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [_bits(known), buffer])


def optional_numbers(values: Sequence[float | None], dtype: npt.DTypeLike) -> Any:
    """Numbers; null for None."""
    known = np.array([value is not None for value in values], np.bool_)
    return numbers(np.array([0 if value is None else value for value in values], dtype), known)


def texts(values: Sequence[str | None], counts: npt.ArrayLike = 1) -> Any:
    """Texts, each so many times in a row; null for None.

    Args:
        values: What stands there.
        counts: How often each of them, or all.
    """
    pa = load_pyarrow()
    encoded = [b"" if value is None else value.encode() for value in values]
    times = np.broadcast_to(np.asarray(counts, np.int64), len(encoded))
    lengths = np.repeat(np.array([len(text) for text in encoded], np.int32), times)
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    data = b"".join(text * count for text, count in zip(encoded, times.tolist(), strict=True))
    known = np.repeat(np.array([value is not None for value in values], np.bool_), times)
    buffers = [_bits(known), pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(lengths), buffers)


def lists_of_texts(values: Sequence[Sequence[str]]) -> Any:
    """Lists of texts."""
    pa = load_pyarrow()
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    inner = texts([text for value in values for text in value])
    return pa.ListArray.from_arrays(numbers(offsets), inner)


def rows_of_numbers(column: Any) -> npt.NDArray[Any]:
    """(R, N) of a chunked array of lists of N float32."""
    width = column.type.list_size
    parts = [np.empty(0, np.float32)]
    for chunk in column.chunks:
        flat = chunk.flatten()
        if len(flat):
            buffer = flat.buffers()[1]
            parts.append(np.frombuffer(buffer, np.float32, len(flat), 4 * flat.offset))
    return np.concatenate(parts).reshape(-1, width)


def _bits(known: npt.NDArray[np.bool_] | None) -> Any:
    if known is None or known.all():
        return None
    return load_pyarrow().py_buffer(np.packbits(known, bitorder="little"))
