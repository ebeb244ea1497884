"""Compiles the kernels of the native engine when the package is built, where there is a C compiler.

Without one the package works as well, with another engine. ``CC`` chooses the compiler.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

#: Floats in a vector, registers, instructions beyond the usual ones.
_Set = tuple[int, int, tuple[str, ...]]

_SOURCES = Path("src/pose_landmarker/native")
_LIBRARY = "native.dll" if sys.platform == "win32" else "native.so"
_FLAGS = (
    "-O3",
    "-std=gnu11",
    "-fvisibility=hidden",
    "-ffp-contract=fast",  # the order of sums is as written; products and sums may be joined
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
)
_AVX512 = ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma", "f16c", "prefer-vector-width=512")
_BFLOAT16 = (*_AVX512, "avx512bf16", "amx-tile", "amx-bf16")
#: Sets of kernels.
_X86: dict[str, _Set] = {
    "basic": (4, 16, ()),
    "avx2": (8, 16, ("avx2", "fma", "f16c")),
    "avx512": (16, 32, _AVX512),
}
_ARM: dict[str, _Set] = {"basic": (4, 32, ())}


class KernelsHook(BuildHookInterface):  # type: ignore[misc]
    """Called by hatchling before a wheel, or an editable installation, is made."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say that the wheel is for this kind of machine."""
        folder = Path(self.root) / _SOURCES
        target = folder / _LIBRARY
        why = compile_kernels(folder, target)
        if why is not None:
            target.unlink(missing_ok=True)
            self.app.display_warning(f"the native engine is left out, another one is used: {why}")
            return
        build_data["artifacts"].append(f"/{_SOURCES.as_posix()}/{_LIBRARY}")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{next(sys_tags()).platform}"


def compile_kernels(folder: Path, target: Path) -> str | None:
    """Compile the sources of a folder; why that is not possible, or None."""
    compiler = _compiler()
    if compiler is None:
        return "there is no C compiler (gcc or clang)"
    machine = platform.machine().lower()
    sets = {"x86_64": _X86, "amd64": _X86, "arm64": _ARM, "aarch64": _ARM}.get(machine)
    if sets is None or sys.maxsize < 1 << 32:
        return f"there are no kernels for {machine}"
    with tempfile.TemporaryDirectory() as temporary:
        try:
            _compile(compiler, folder, Path(temporary), target, sets)
        except subprocess.CalledProcessError as error:
            return f"{shlex.join(error.cmd)}: {error.stderr.strip()[-2000:]}"
        except OSError as error:
            return str(error)
    return None


def _compiler() -> list[str] | None:
    chosen = os.environ.get("CC")
    if chosen:
        return shlex.split(chosen)
    found = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    return None if found is None else [found]


def _compile(compiler: list[str], folder: Path, temporary: Path, target: Path, sets: dict[str, _Set]) -> None:
    """Each source by itself, and the library of them, which takes the place of another one at once."""
    position = [] if sys.platform == "win32" else ["-fPIC"]
    objects = []

    def compile_one(source: str, name: str, options: Iterable[str] = ()) -> None:
        objects.append(str(temporary / f"{name}.o"))
        arguments = [*_FLAGS, *position, *options, "-c", str(folder / source), "-o", objects[-1]]
        _run([*compiler, *arguments])

    compile_one("native.c", "native")
    compile_one("refine.c", "refine")
    try:
        compile_one("bfloat16.c", "bfloat16", _instructions(_BFLOAT16 if sets is _X86 else ()))
    except subprocess.CalledProcessError:  # a compiler of before there were such processors
        objects.pop()
        compile_one("bfloat16.c", "bfloat16")
    for name, (lanes, registers, instructions) in sets.items():
        defines = [f"-DLANES={lanes}", f"-DREGISTERS={registers}", f"-DKERNELS=kernels_{name}"]
        compile_one("kernels.c", name, [*_instructions(instructions), *defines])
    new = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        _run([*compiler, "-shared", *position, *objects, "-lpthread", "-lm", "-o", str(new)])
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def _instructions(names: Iterable[str]) -> list[str]:
    return [f"-m{name}" for name in names]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, errors="replace")
