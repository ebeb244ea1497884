"""Which settings are measured: everything that was chosen, with everything else that was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from pose_landmarker.bench.setting import (
    ALL_THREADS,
    DEFAULT_THREADS,
    ENGINES,
    PRECISIONS,
    REFERENCE,
    SIZES,
    Setting,
)
from pose_landmarker.options import MODEL_NAMES


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Choices that are all combined with each other."""

    modes: tuple[str, ...]
    models: tuple[str, ...] = MODEL_NAMES
    sizes: tuple[str, ...] = ("720p",)
    num_poses: tuple[int, ...] = (1,)
    masks: tuple[bool, ...] = (False,)
    threads: tuple[str, ...] = (DEFAULT_THREADS,)

    def conditions(self) -> list[Setting]:
        """All combinations; files are always worked on with default threads, as they spread by themselves."""
        return [
            Setting(mode=mode, model=model, size=size, num_poses=poses, masks=masks, threads=threads)
            for mode, model, size, poses, masks, threads in product(
                self.modes, self.models, self.sizes, self.num_poses, self.masks, self.threads
            )
        ]


#: A few minutes.
QUICK = (Selection(modes=("image", "video", "start")),)
#: Everything by frame; what takes long, start and many files, under usual conditions only.
FULL = (
    Selection(
        modes=("image", "video"),
        sizes=tuple(size for size in SIZES if size != "native"),
        num_poses=(1, 2, 5),
        masks=(False, True),
        threads=("1", ALL_THREADS),
    ),
    Selection(modes=("image", "video", "start", "pictures", "videos")),
)


def select(presets: Sequence[Selection], chosen: Mapping[str, Sequence[Any] | None]) -> list[Setting]:
    """The conditions of a preset, changed by what was chosen, each once.

    Args:
        presets: :data:`QUICK` or :data:`FULL`.
        chosen: Fields of :class:`Selection`; what is None stays as the preset has it.
    """
    given = {name: tuple(values) for name, values in chosen.items() if values}
    modes = given.pop("modes", None)
    found: dict[str, Setting] = {}
    for preset in _with_modes(presets, modes):
        for setting in replace(preset, **given).conditions():
            found.setdefault(setting.key, setting)
    return list(found.values())


def contestants(
    conditions: Setting, engines: Sequence[str], precisions: Sequence[str], *, reference: bool
) -> list[Setting]:
    """The cells that are measured in turns under the same conditions, MediaPipe first."""
    ours = [
        replace(conditions, engine=engine, precision=precision)
        for engine, precision in product(engines, precisions)
    ]
    return [conditions, *ours] if reference else ours


def own_engines() -> tuple[str, ...]:
    """The names of our engines."""
    return tuple(engine for engine in ENGINES if engine != REFERENCE)


def _with_modes(presets: Sequence[Selection], modes: tuple[str, ...] | None) -> list[Selection]:
    """The presets with only these modes; a mode that none of them has joins the last."""
    if modes is None:
        return list(presets)
    kept = [
        replace(preset, modes=tuple(mode for mode in preset.modes if mode in modes)) for preset in presets
    ]
    missing = tuple(mode for mode in modes if not any(mode in preset.modes for preset in kept))
    kept[-1] = replace(kept[-1], modes=kept[-1].modes + missing)
    return [preset for preset in kept if preset.modes]


__all__ = ["FULL", "PRECISIONS", "QUICK", "Selection", "contestants", "own_engines", "select"]
