"""A class with its score."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Category:
    """A class with its score; no result about poses has any.

    Attributes:
        index: Number of the class.
        score: How likely it is.
        display_name: Its name in the user's language.
        category_name: Its name.
    """

    index: int | None = None
    score: float | None = None
    display_name: str | None = None
    category_name: str | None = None
