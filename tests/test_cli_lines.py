"""Files of JSON lines: whole, or under another name."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pose_landmarker.cli.lines import LinesFile

FRAMES, RATE = 20, 25


class TestLinesFile:
    def test_links_are_followed(self, tmp_path: Path) -> None:
        real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
        real.write_text("old")
        link.symlink_to(real)
        with LinesFile(link) as lines:
            lines.write("{}")
        assert link.is_symlink()
        assert real.read_text() == "{}\n"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
    def test_pipes_are_written_to(self, tmp_path: Path) -> None:
        pipe, read = tmp_path / "pipe", []
        os.mkfifo(pipe)
        reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
        reader.start()
        with LinesFile(pipe) as lines:
            lines.write("{}")
        reader.join(10)
        assert read == ["{}\n"]
        assert pipe.is_fifo()

    @pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
    def test_a_full_disk_keeps_the_lines_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "found.jsonl"
        with LinesFile(target) as lines:
            lines.write('{"frame":0}')
            with Path("/dev/full").open("wb", buffering=0) as full:
                monkeypatch.setattr(lines, "_file", full)
                with pytest.raises(OSError, match=r"the lines before it are in .*\.part"):
                    lines.write('{"frame":1}')
                monkeypatch.undo()
        (part,) = tmp_path.iterdir()
        assert part.suffix == ".part"
        assert part.read_text() == '{"frame":0}\n'
