"""What the tests share: real models and media where they are, tiny made ones where they are not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker.arrays import RgbImage
from pose_landmarker.detector import DETECTOR_OFFSET, DETECTOR_OUTPUTS, DETECTOR_SCALE
from pose_landmarker.engines import load_engine
from pose_landmarker.errors import FetchError
from pose_landmarker.landmark_net import LANDMARK_OFFSET, LANDMARK_SCALE, LandmarkNet
from pose_landmarker.models import store
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.models.rewriting import conv_before_resize
from pose_landmarker.models.tflite import with_outputs
from pose_landmarker.native import library
from pose_landmarker.native.library import library_or_none
from tests.archives import install_stand_in, write_picture
from tests.clips import write_clip
from tests.job_runs import Jobs
from tests.poses import astronaut_photo
from tests.stand_in import StandIn
from tests.tiny import tiny_bundle

SHARED = Path(os.environ.get("POSE_LANDMARKER_SHARED", Path(__file__).parents[2] / "shared"))


#: For tests that need OpenVINO.
needs_openvino = pytest.mark.skipif(
    find_spec("openvino") is None, reason="the extra 'openvino' is not installed"
)
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="the extra 'gpu' is not installed")
needs_native = pytest.mark.skipif(library_or_none() is None, reason="the kernels were not compiled")
#: For parametrize: every engine.
ENGINES = (
    pytest.param("native", marks=needs_native),
    "litert",
    pytest.param("openvino", marks=needs_openvino),
)
#: The same, and PyTorch; for tests of many pictures, which it is slow with on a processor, only with --slow.
ALL_ENGINES = (*ENGINES, pytest.param("torch", marks=needs_torch))
ALL_ENGINES_IN_TIME = (*ENGINES, pytest.param("torch", marks=[needs_torch, pytest.mark.slow]))
_IN_TIME = {
    *(("lite", "native"), ("lite", "litert"), ("lite", "openvino")),
    *(("full", "native"), ("heavy", "native")),
}
_MARKS = {"native": [needs_native], "openvino": [needs_openvino], "torch": [needs_torch]}
#: Engines for tests of whole videos, which take long: one of them, and with --slow all.
ENGINES_FOR_VIDEOS = (
    pytest.param("native", marks=needs_native),
    *(
        pytest.param(name, marks=[*_MARKS.get(name, []), pytest.mark.slow])
        for name in ("litert", "openvino", "torch")
    ),
)
#: Models with engines: each model and each engine, and with --slow all pairs.
MODELS_WITH_ENGINES = tuple(
    pytest.param(
        model,
        engine,
        marks=_MARKS.get(engine, []) + ([] if (model, engine) in _IN_TIME else [pytest.mark.slow]),
    )
    for model in ("lite", "full", "heavy")
    for engine in ("native", "litert", "openvino", "torch")
)


@pytest.fixture
def no_native(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """As if the kernels of the native engine had not been compiled."""
    library.library.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(library, "LIBRARY", tmp_path / "native.so")
        yield
    library.library.cache_clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow", action="store_true", help="also run tests that are slow or fetch from registries"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with media, models and the reference's outputs."""
    if not SHARED.is_dir():
        pytest.skip(
            f"needs the evaluation media, models and reference outputs, which are not part of the "
            f"project; looked in {SHARED} (POSE_LANDMARKER_SHARED names another folder)"
        )
    return SHARED


@pytest.fixture(scope="session")
def media(shared: Path) -> Path:
    return shared / "media"


@pytest.fixture(scope="session")
def model_file(_own_cache: None) -> Callable[[str], Path]:
    """Path of a real model: the shared one, else the stored or fetched one."""

    def find(name: str) -> Path:
        path = SHARED / "models" / f"pose_landmarker_{name}.task"
        if path.is_file():
            return path
        try:
            return store.fetch_model(name)
        except FetchError as error:
            pytest.skip(f"needs a real model, and none can be had: {error}")

    return find


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's cache folder; what is fetched or compiled serves all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSE_LANDMARKER_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        patch.delenv("POSE_LANDMARKER_OFFLINE", raising=False)
        yield


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("POSE_LANDMARKER_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_task() -> bytes:
    """A bundle whose networks have the right shapes and no arithmetic."""
    return tiny_bundle()


@pytest.fixture
def noise() -> RgbImage:
    """(120, 160, 3) noise, read-only: no stage may write to its input."""
    image = np.random.default_rng(7).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    image.setflags(write=False)
    return image


@pytest.fixture(scope="session")
def networks(model_file: Callable[[str], Path]) -> dict[str, bytes]:
    """The networks that are really run, each with and without what it can answer more."""
    found = {}
    for name in ("lite", "full", "heavy"):
        bundle = read_bundle(model_file(name))
        for with_masks in (False, True):
            outputs = LandmarkNet.outputs(with_masks=with_masks)
            found[f"{name}, {with_masks}"] = with_outputs(bundle.landmarks, outputs)
    found["detector as it is"] = bundle.detector
    found["detector"] = with_outputs(conv_before_resize(bundle.detector), DETECTOR_OUTPUTS)
    return found


@pytest.fixture
def stand_in_workers(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """Workers in this process find people who are not there."""
    return install_stand_in(monkeypatch)


@pytest.fixture
def jobs(tmp_path: Path, stand_in_workers: type[StandIn], tiny_task: bytes) -> Jobs:
    """Jobs over a video of five frames and two pictures."""
    made = Jobs(tmp_path, tiny_task)
    write_clip(made.archive / "a.mp4", 5)
    write_picture(made.archive / "b.png", 1)
    write_picture(made.archive / "sub" / "c.png", 2)
    return made


@pytest.fixture(scope="session")
def astronaut() -> RgbImage:
    image = astronaut_photo().copy()
    image.setflags(write=False)
    return image


@pytest.fixture
def made(networks: dict[str, bytes]) -> Callable[[str], Any]:
    """Compiles one of the real networks. With one thread: several wait for each other busily."""

    def compiled(name: str, engine: str = "torch") -> Any:
        landmarks = name != "detector"
        scale, offset = (LANDMARK_SCALE, LANDMARK_OFFSET) if landmarks else (DETECTOR_SCALE, DETECTOR_OFFSET)
        return load_engine(engine)[1](networks[name], scale=scale, offset=offset, threads=1)

    return compiled
