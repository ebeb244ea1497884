"""Kernels are compiled when the package is built: with the compilers that there are, or left out."""

from __future__ import annotations

import ctypes
import importlib.util
import platform
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pose_landmarker.native.library import LIBRARY, library
from tests.conftest import needs_native

pytest.importorskip("hatchling")

_ROOT = Path(__file__).parents[1]
_SOURCES = _ROOT / "src" / "pose_landmarker" / "native"
_COMPILER = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)

pytestmark = [
    pytest.mark.skipif(not (_ROOT / "hatch_build.py").exists(), reason="this is not the whole project"),
    pytest.mark.skipif(sys.platform == "win32", reason="compilers are played by scripts for a shell"),
]


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """``hatch_build.py``, which is no module of the package."""
    spec = importlib.util.spec_from_file_location("hatch_build", _ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Script:
    """A compiler that notes what it is told, and makes empty files."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.path, self._log = folder / "compiler", folder / "log"
        wanted = 'while [ "$1" != -o ]; do shift; done; echo made > "$2"'
        self.path.write_text("\n".join(["#!/bin/sh", f'echo "$@" >> "{self._log}"', *lines, wanted, ""]))
        self.path.chmod(0o755)

    def told(self, source: str) -> list[list[str]]:
        """The arguments of every call for a source; of the last one for ``-shared``."""
        calls = [line.split() for line in self._log.read_text().splitlines()]
        return [call for call in calls if any(part.endswith(source) for part in call)]


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the library is to be, with nothing else there."""
    folder = tmp_path / "package"
    folder.mkdir()
    return folder / "native.so"


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _refused(when: str) -> str:
    """A line of a script: an error if the arguments hold a word."""
    return f'case "$*" in *{when}*) echo "unknown {when}" >&2; exit 1;; esac'


@pytest.mark.slow
@needs_native
@pytest.mark.skipif(_COMPILER is None, reason="there is no C compiler")
def test_the_machines_own_compiler(build: ModuleType, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    assert build.compile_kernels(_SOURCES, target) is None
    assert _names(target.parent) == [target.name]
    assert ctypes.CDLL(str(target)).native_lanes() == library().native_lanes()


@needs_native
@pytest.mark.skipif(_COMPILER is None, reason="there is no C compiler")
def test_the_machines_own_compiler_without_bfloat16(
    build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripts / "old-compiler"
    # Without optimization it takes a moment, and not ten seconds.
    script.write_text(
        f'#!/bin/sh\n{_refused("-mamx")}\nfor word in "$@"; do shift\n'
        f'[ "$word" = -O3 ] && word=-O0; set -- "$@" "$word"; done\nexec {_COMPILER} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    target.write_bytes(b"an older one")
    assert build.compile_kernels(_SOURCES, target) is None
    assert _names(target.parent) == [target.name]
    made = ctypes.CDLL(str(target))
    assert made.native_lanes() == library().native_lanes()
    assert made.native_has_half() == library().native_has_half()
    assert made.native_has_bfloat16() == (
        0 if platform.machine() == "x86_64" else library().native_has_bfloat16()
    )


class TestCommands:
    def test_every_width_of_vectors(
        self, build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compiler = _Script(scripts)
        monkeypatch.setenv("CC", str(compiler.path))
        monkeypatch.setattr(platform, "machine", lambda: "AMD64")
        assert build.compile_kernels(_SOURCES, target) is None
        assert target.read_text() == "made\n"
        assert [{word for word in call if word.startswith("-D")} for call in compiler.told("/kernels.c")] == [
            {"-DLANES=4", "-DREGISTERS=16", "-DKERNELS=kernels_basic"},
            {"-DLANES=8", "-DREGISTERS=16", "-DKERNELS=kernels_avx2"},
            {"-DLANES=16", "-DREGISTERS=32", "-DKERNELS=kernels_avx512"},
        ]
        basic, avx2, avx512 = compiler.told("/kernels.c")
        assert not any(word.startswith("-m") for word in basic)
        assert {"-mavx2", "-mfma", "-mf16c"} <= set(avx2)
        assert "-mavx512f" not in avx2
        assert {"-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"} <= set(avx512)
        (brief,) = compiler.told("/bfloat16.c")
        assert {"-mavx512bf16", "-mamx-tile", "-mamx-bf16"} <= set(brief)

    def test_what_must_run_everywhere_has_no_instructions_of_some(
        self, build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compiler = _Script(scripts)
        monkeypatch.setenv("CC", str(compiler.path))
        build.compile_kernels(_SOURCES, target)
        for source in ("/native.c", "/refine.c"):
            (call,) = compiler.told(source)
            assert not any(word.startswith("-m") for word in call)
            assert "-ffast-math" not in call

    @pytest.mark.parametrize("machine", ["aarch64", "arm64"])
    def test_arm(
        self,
        build: ModuleType,
        scripts: Path,
        target: Path,
        monkeypatch: pytest.MonkeyPatch,
        machine: str,
    ) -> None:
        compiler = _Script(scripts)
        monkeypatch.setenv("CC", str(compiler.path))
        monkeypatch.setattr(platform, "machine", lambda: machine)
        assert build.compile_kernels(_SOURCES, target) is None
        (kernels,) = compiler.told("/kernels.c")
        assert {"-DLANES=4", "-DREGISTERS=32", "-DKERNELS=kernels_basic"} <= set(kernels)
        for call in compiler.told(".c"):
            assert not any(word.startswith("-m") for word in call)

    def test_a_compiler_of_before_bfloat16(
        self, build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compiler = _Script(scripts, _refused("-mamx"))
        monkeypatch.setenv("CC", str(compiler.path))
        monkeypatch.setattr(platform, "machine", lambda: "x86_64")
        assert build.compile_kernels(_SOURCES, target) is None
        tried, taken = compiler.told("/bfloat16.c")
        assert "-mamx-bf16" in tried
        assert not any(word.startswith("-m") for word in taken)
        (linked,) = compiler.told("-shared")
        assert [Path(word).name for word in linked if word.endswith(".o")] == [
            *["native.o", "refine.o", "bfloat16.o", "basic.o", "avx2.o", "avx512.o"],
        ]

    def test_cc_may_have_arguments(
        self, build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compiler = _Script(scripts)
        monkeypatch.setenv("CC", shlex.join([str(compiler.path), "--sysroot=/a b"]))
        assert build.compile_kernels(_SOURCES, target) is None
        assert all(call[:2] == ["--sysroot=/a", "b"] for call in compiler.told("/kernels.c"))

    @pytest.mark.parametrize("name", ["cc", "gcc", "clang"])
    def test_one_on_the_path_is_found(
        self,
        build: ModuleType,
        scripts: Path,
        target: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        compiler = _Script(scripts)
        compiler.path.rename(scripts / name)
        monkeypatch.delenv("CC", raising=False)
        monkeypatch.setenv("PATH", str(scripts))
        assert build.compile_kernels(_SOURCES, target) is None
        assert len(compiler.told("-shared")) == 1


class TestLeftOut:
    def test_a_compiler_that_is_not_there(
        self, build: ModuleType, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CC", "/nonexistent")
        why = build.compile_kernels(_SOURCES, target)
        assert "No such file or directory: '/nonexistent'" in why
        assert _names(target.parent) == []

    @pytest.mark.parametrize("chosen", [None, ""])
    def test_no_compiler(
        self,
        build: ModuleType,
        scripts: Path,
        target: Path,
        monkeypatch: pytest.MonkeyPatch,
        chosen: str | None,
    ) -> None:
        monkeypatch.setenv("PATH", str(scripts))
        monkeypatch.delenv("CC", raising=False)
        if chosen is not None:
            monkeypatch.setenv("CC", chosen)
        assert build.compile_kernels(_SOURCES, target) == "there is no C compiler (gcc or clang)"
        assert _names(target.parent) == []

    @pytest.mark.parametrize("when", ["native.c", "kernels_avx2", "bfloat16.c", "-shared"])
    def test_a_compiler_that_refuses(
        self, build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch, when: str
    ) -> None:
        compiler = _Script(scripts, _refused(when))
        monkeypatch.setenv("CC", str(compiler.path))
        monkeypatch.setattr(platform, "machine", lambda: "x86_64")
        why = build.compile_kernels(_SOURCES, target)
        assert why.startswith(f"{compiler.path} ")
        assert why.endswith(f": unknown {when}")
        assert _names(target.parent) == []

    def test_long_complaints_are_cut(
        self, build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endless = "i=0; while [ $i -lt 500 ]; do echo 'one more line' >&2; i=$((i+1)); done; exit 1"
        monkeypatch.setenv("CC", str(_Script(scripts, endless).path))
        why = build.compile_kernels(_SOURCES, target)
        assert why.endswith("one more line")
        assert len(why) < 4000

    @pytest.mark.parametrize("code", [0, 1])
    def test_complaints_in_another_encoding(
        self, build: ModuleType, scripts: Path, target: Path, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        lines = ["printf 'n\\344chste Zeile' >&2", *(["exit 1"] if code else [])]
        monkeypatch.setenv("CC", str(_Script(scripts, *lines).path))
        assert (build.compile_kernels(_SOURCES, target) is None) == (code == 0)

    def test_other_processors(self, build: ModuleType, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CC", "/nonexistent")
        monkeypatch.setattr(platform, "machine", lambda: "RISCV64")
        assert build.compile_kernels(_SOURCES, target) == "there are no kernels for riscv64"

    def test_an_interpreter_of_32_bits(
        self, build: ModuleType, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CC", "/nonexistent")
        monkeypatch.setattr(platform, "machine", lambda: "x86_64")
        monkeypatch.setattr(build, "sys", SimpleNamespace(maxsize=(1 << 31) - 1, platform=sys.platform))
        assert build.compile_kernels(_SOURCES, target) == "there are no kernels for x86_64"


class TestHook:
    """What hatchling is told; ``warnings`` is what the user is told."""

    def _initialize(self, build: ModuleType, root: Path) -> tuple[dict[str, Any], list[str]]:
        warnings: list[str] = []
        app = SimpleNamespace(display_warning=warnings.append)
        hook = build.KernelsHook(str(root), {}, None, None, str(root), "wheel", app)
        data: dict[str, Any] = {"artifacts": [], "pure_python": True}
        hook.initialize("standard", data)
        return data, warnings

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """A project whose kernels were compiled before."""
        folder = tmp_path / "src" / "pose_landmarker" / "native"
        folder.mkdir(parents=True)
        (folder / "native.so").write_bytes(b"an older one")
        return tmp_path

    def test_a_wheel_with_kernels_is_for_this_machine(
        self, build: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[Path, Path]] = []
        monkeypatch.setattr(build, "compile_kernels", lambda *places: asked.append(places))
        data, warnings = self._initialize(build, root)
        folder = root / "src" / "pose_landmarker" / "native"
        assert asked == [(folder, folder / "native.so")]
        assert data["artifacts"] == ["/src/pose_landmarker/native/native.so"]
        assert data["pure_python"] is False
        assert data["tag"].startswith("py3-none-")
        assert platform.machine().lower() in data["tag"]
        assert warnings == []

    def test_one_without_them_is_for_all(
        self, build: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(build, "compile_kernels", lambda *places: "there is no C compiler")
        data, warnings = self._initialize(build, root)
        assert data == {"artifacts": [], "pure_python": True}
        assert warnings == ["the native engine is left out, another one is used: there is no C compiler"]
        assert not (root / "src" / "pose_landmarker" / "native" / "native.so").exists()

    def test_the_library_is_where_the_package_looks_for_it(self, build: ModuleType) -> None:
        assert _SOURCES / LIBRARY.name == _ROOT / build._SOURCES / build._LIBRARY
