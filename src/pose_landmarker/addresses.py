"""Addresses, such as ``https://user:secret@host/walk.mp4``, beside paths."""

from __future__ import annotations

import re
from typing import Final

#: One letter would be a drive; fsspec chains several with ``::``.
_ADDRESS: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")
_PASSWORD: Final = re.compile(r"(?<=://)[^/@\s]*@")


def is_address(source: str) -> bool:
    """Whether this is an address rather than a path."""
    return _ADDRESS.match(source) is not None


def without_password(text: str) -> str:
    """A text in which addresses have lost their user's name and password, which are for nobody to see."""
    return _PASSWORD.sub("", text)
