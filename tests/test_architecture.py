"""The floors of the house: a module imports lower floors only, and siblings do not import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pose_landmarker

ROOT = Path(pose_landmarker.__file__).parent

#: From the ground up. A package stands for all of its modules, which may import each other.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("_version", "addresses", "arrays", "errors", "markdown", "topology"),
    ("checks", "confidence", "native"),
    ("landmark_confidence", "plausibility"),
    ("filters", "image_options", "results"),
    ("options", "recording"),
    ("resampling", "topologies"),
    (
        "anchors",
        "appearance",
        "association",
        "boxes",
        "imaging",
        "one_euro",
        "patrol",
        "projection",
        "roi",
        "tiles",
    ),
    ("scheduling",),
    ("subject",),
    ("decoding", "segments", "smoothing"),
    ("track",),
    ("cache", "mailbox", "parallel", "parcel"),
    ("media", "models"),
    ("engines",),
    ("detector", "given", "landmark_net", "tasks"),
    ("refinement", "search"),
    ("identity", "pipeline"),
    ("tracker",),
    ("live", "streaming"),
    ("landmarker",),
    ("worker",),
    ("decoding_process",),
    ("worker_process",),
    ("processing",),
    ("draw", "export"),
    ("batch", "bench", "evaluation", "mediapipe", "porting"),
    ("cli",),
    ("__init__", "__main__"),
)
_FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}

#: Third-party packages, and the only places that import them.
_IMPORTERS = {
    "cv2": {"imaging", "batch", "draw", "bench", "cli", "mediapipe"},
    "PIL": {"draw", "media", "mediapipe"},
    "av": {"media"},
    "sdl2": {"cli"},
    "ai_edge_litert": {"engines"},
    "openvino": {"engines"},
    "torch": {"engines"},
    "tqdm": {"models", "cli"},
    "filelock": {"batch", "models"},
    "platformdirs": {"cache"},
    "skimage": {"bench"},
    "matplotlib": {"bench", "draw", "evaluation", "mediapipe"},
    "pycocotools": {"evaluation"},
    "mediapipe": {"bench"},
    "pyarrow": {"export"},
    "pandas": {"export"},
    "polars": {"export"},
    "xarray": {"export"},
    "ezc3d": {"export"},
    "rerun": {"export"},
    "ray": {"batch"},
}
#: No file, clock, thread or terminal down here.
_PURE = (
    "errors",
    "topology",
    "checks",
    "confidence",
    "image_options",
    "options",
    "results",
    "anchors",
    "appearance",
    "association",
    "boxes",
    "decoding",
    "filters",
    "imaging",
    "one_euro",
    "patrol",
    "projection",
    "recording",
    "resampling",
    "roi",
    "scheduling",
    "segments",
    "smoothing",
    "subject",
    "tiles",
    "topologies",
    "track",
)
_IMPURE_MODULES = {"os", "io", "shutil", "time", "threading", "subprocess", "socket", "urllib", "tempfile"}


def _part(path: Path) -> str:
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    """(top-level package, part of ours or an empty string) of every import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names = (
                [f"{module}.{alias.name}" for alias in node.names]
                if module == "pose_landmarker"
                else [module]
            )
        for name in names:
            top, _, rest = name.partition(".")
            yield top, rest.partition(".")[0] if top == "pose_landmarker" else ""


MODULES = sorted(ROOT.rglob("*.py"))


def test_every_module_has_a_floor() -> None:
    assert {_part(path) for path in MODULES} == set(_FLOOR_OF)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
class TestModule:
    def test_imports_lower_floors_only(self, path: Path) -> None:
        part = _part(path)
        for _, imported in _imports(path):
            if imported and imported != part:
                assert _FLOOR_OF[imported] < _FLOOR_OF[part], f"{part} imports {imported}"

    def test_third_party_packages_are_imported_in_few_places(self, path: Path) -> None:
        for top, _ in _imports(path):
            assert _part(path) in _IMPORTERS.get(top, {_part(path)}), f"imports {top}"

    def test_is_short(self, path: Path) -> None:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400

    def test_mathematics_is_pure(self, path: Path) -> None:
        if _part(path) in _PURE:
            pure_enough = {"os"} if _part(path) == "options" else set()  # os.PathLike is only a type
            assert not {top for top, _ in _imports(path)} & _IMPURE_MODULES - pure_enough
            names = [node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)]
            assert not {"open", "print", "input", "Path"} & set(names)


def test_only_the_command_line_prints() -> None:
    for path in MODULES:
        if _part(path) != "cli":
            calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"], path


def test_importing_has_no_cycles() -> None:
    """Lower floors only, and inside a package: no module imports one that imports it."""
    edges: dict[str, set[str]] = {}
    for path in MODULES:
        name = ".".join(("pose_landmarker", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        tree = ast.parse(path.read_text(encoding="utf-8"))
        froms = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        edges[name] = {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
        edges[name] |= {node.module or "" for node in froms}
    for name in edges:
        seen: set[str] = set()
        todo = list(edges[name])
        while todo:
            module = todo.pop()
            assert module != name, f"{name} imports itself through others"
            if module in edges and module not in seen:
                seen.add(module)
                todo += edges[module]
