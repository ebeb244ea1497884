"""Which model a task uses, and where it computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


@dataclass
class BaseOptions:
    """Which model a task uses.

    Attributes:
        model_asset_path: Path of a ``.task`` bundle.
        model_asset_buffer: The bytes of a ``.task`` bundle; where both are given, these count.
        delegate: Where to compute. With ``GPU`` a warning says that it is the processor all the same.
    """

    class Delegate(IntEnum):
        """Where to compute."""

        DEFAULT = 0
        CPU = 1
        GPU = 2

    model_asset_path: str | None = None
    model_asset_buffer: bytes | None = field(default=None, repr=False)
    delegate: Delegate | None = None
