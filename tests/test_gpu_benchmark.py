"""The benchmark of graphics cards, on the processor: that it runs, and what it counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from benchmarks import gpu

from pose_landmarker.engines.native.graph import Graph, Layer, Output
from tests.conftest import needs_torch


@needs_torch
def test_all_figures(
    tmp_path: Path, model_file: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("skimage")
    path = tmp_path / "figures.json"
    few = ["--device", "cpu", "--models", str(model_file("lite")), "--batches", "2"]
    gpu.main([*few, "--seconds", "0", "--frames", "1", "--side", "64", "--json", str(path)])
    figures = json.loads(path.read_text())
    assert figures["about"]["device"] == "cpu"
    assert set(figures["limits"]) == {"exact"}
    assert [(row["model"], row["what"], row["batch"]) for row in figures["rows"]] == [
        ("detector", "network", 2),
        ("detector", "crops", 2),
        ("pose_landmarker_lite", "network", 2),
        ("pose_landmarker_lite", "crops", 2),
        ("pose_landmarker_lite", "videos", 2),
    ]
    assert all(row["frames_s"] > 0 for row in figures["rows"])
    assert all((row["arithmetic"] is not None) == (row["what"] == "network") for row in figures["rows"])
    assert "| model " in capsys.readouterr().out


def test_what_a_picture_moves() -> None:
    weights = np.zeros((8, 3, 3, 3), np.float32)
    layers = [
        Layer(kind="crop", inputs=(), output=0),
        Layer(kind="conv", inputs=(0,), output=1, weights=weights, bias=np.zeros(8, np.float32), step=2),
        Layer(kind="sum", inputs=(1,), output=2, add=1),
    ]
    shapes = {0: (4, 4, 3), 1: (2, 2, 8), 2: (2, 2, 8)}
    graph = Graph(0, [Output((1, 2, 2, 8), (2,))], layers, shapes)
    numbers = 48 + (48 + 216 / 4 + 32) + (32 + 32 + 32)
    assert gpu.traffic(graph, 4, 2) == 2 * numbers
