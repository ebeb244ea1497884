"""Times and rates as they are typed and printed."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pose_landmarker.cli.timecode import format_time, parse_rate, parse_time
from pose_landmarker.errors import OptionError

FRAMES, RATE = 20, 25


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("0", 0),
            ("12.5", Fraction(25, 2)),
            (".04", Fraction(1, 25)),
            ("1:02.5", Fraction(125, 2)),
            ("90:00", 5400),
            ("1:00:00", 3600),
            (" 2:03:04.1 ", Fraction(73841, 10)),
        ],
    )
    def test_times(self, text: str, seconds: Fraction) -> None:
        assert parse_time("--start", text) == seconds

    @pytest.mark.parametrize("text", ["", "x", "-1", "1:60", "1:60:00", "1:2:3:4", "nan", "inf", "1e3", ":5"])
    def test_no_times(self, text: str) -> None:
        with pytest.raises(OptionError, match="--start"):
            parse_time("--start", text)

    def test_as_text(self) -> None:
        times = (0, 12.39, Fraction(599, 10), 60, 3725.25)
        assert [format_time(t) for t in times] == ["0:00.0", "0:12.3", "0:59.9", "1:00.0", "1:02:05.2"]

    def test_rates(self) -> None:
        assert parse_rate("--fps", "29.97") == Fraction(2997, 100)
        for text in ("", "-1", "nan", "1e9"):
            with pytest.raises(OptionError, match="--fps"):
                parse_rate("--fps", text)
