"""A window on the screen that shows one picture after the other, through SDL."""

from __future__ import annotations

import os
import sys
import warnings
from types import ModuleType, TracebackType
from typing import Any

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import MissingExtraError, VideoError

#: SDL draws into these where there is no screen; nobody would see it.
_INVISIBLE = ("dummy", "offscreen", "evdev")
#: Share of the screen that a new window takes at most.
_SHARE = 0.9
_INSTEAD = "use --jsonl or -o instead of --window"


class Window:
    """A window that may be resized; pictures keep their shape in it.

    All calls must come from the main thread. ``SDL_VIDEODRIVER=dummy`` in the environment opens it
    where there is no screen, for tests.

    Args:
        title: In the window's frame.

    Raises:
        MissingExtraError: The extra ``window`` is not installed; the message holds the line to type.
        VideoError: There is no screen.
    """

    def __init__(self, title: str) -> None:
        self._sdl: Any = _load_sdl()
        self._title = title
        self._window: Any = None
        self._renderer: Any = None
        self._texture: Any = None
        self._size = (0, 0)
        _start(self._sdl)

    def show(self, image: RgbImage) -> None:
        """Show a picture.

        Args:
            image: (H, W, 3) uint8, of any size; the first one gives the window its size.

        Raises:
            VideoError: The window cannot be opened.
        """
        sdl = self._sdl
        height, width = image.shape[:2]
        if self._window is None:
            self._open(width, height)
        if self._size != (width, height):
            self._resize(width, height)
        sdl.SDL_UpdateTexture(self._texture, None, image.ctypes.data, image.strides[0])
        sdl.SDL_RenderClear(self._renderer)
        sdl.SDL_RenderCopy(self._renderer, self._texture, None, None)
        sdl.SDL_RenderPresent(self._renderer)

    def closed(self) -> bool:
        """Whether the user has closed it, by its button, Esc or q. To be asked all the time."""
        sdl = self._sdl
        event = sdl.SDL_Event()
        while sdl.SDL_PollEvent(event):
            if event.type == sdl.SDL_QUIT:
                return True
            if event.type == sdl.SDL_KEYDOWN and event.key.keysym.sym in (sdl.SDLK_ESCAPE, sdl.SDLK_q):
                return True
            if event.type == sdl.SDL_WINDOWEVENT and self._texture is not None:
                self._repaint()
        return False

    def close(self) -> None:
        """Take it from the screen. May be called again."""
        sdl = self._sdl
        for thing, destroy in (
            (self._texture, sdl.SDL_DestroyTexture),
            (self._renderer, sdl.SDL_DestroyRenderer),
            (self._window, sdl.SDL_DestroyWindow),
        ):
            if thing is not None:
                destroy(thing)
        self._texture = self._renderer = self._window = None
        sdl.SDL_QuitSubSystem(sdl.SDL_INIT_VIDEO)

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, width: int, height: int) -> None:
        sdl = self._sdl
        flags = sdl.SDL_WINDOW_RESIZABLE | sdl.SDL_WINDOW_ALLOW_HIGHDPI
        centered = sdl.SDL_WINDOWPOS_CENTERED
        size = self._fitting(width, height)
        self._window = sdl.SDL_CreateWindow(self._title.encode(), centered, centered, *size, flags)
        self._renderer = self._window and sdl.SDL_CreateRenderer(self._window, -1, 0)
        if not self._renderer:
            reason = sdl.SDL_GetError().decode(errors="replace")
            raise VideoError(f"no window can be opened: {reason}; {_INSTEAD}")

    def _fitting(self, width: int, height: int) -> tuple[int, int]:
        """The picture's size, or a smaller one of the same shape where the screen is small."""
        sdl = self._sdl
        screen = sdl.SDL_Rect()
        if sdl.SDL_GetDisplayUsableBounds(0, screen) or not (screen.w and screen.h):
            return width, height
        scale = min(1.0, _SHARE * screen.w / width, _SHARE * screen.h / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _resize(self, width: int, height: int) -> None:
        sdl = self._sdl
        if self._texture is not None:
            sdl.SDL_DestroyTexture(self._texture)
        self._texture = sdl.SDL_CreateTexture(
            self._renderer, sdl.SDL_PIXELFORMAT_RGB24, sdl.SDL_TEXTUREACCESS_STREAMING, width, height
        )
        if not self._texture:
            raise VideoError(f"pictures of {width}x{height} cannot be shown: {sdl.SDL_GetError().decode()}")
        sdl.SDL_RenderSetLogicalSize(self._renderer, width, height)  # black bars instead of distortion
        self._size = width, height

    def _repaint(self) -> None:
        sdl = self._sdl
        sdl.SDL_RenderClear(self._renderer)
        sdl.SDL_RenderCopy(self._renderer, self._texture, None, None)
        sdl.SDL_RenderPresent(self._renderer)


def _load_sdl() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of which of its libraries it uses
            import sdl2
    except ImportError as error:  # also where the package is there and its library is not
        raise MissingExtraError(
            "--window needs the extra 'window': pip install 'pose-landmarker[window]'"
        ) from error
    module: ModuleType = sdl2
    return module


def _start(sdl: Any) -> None:
    chosen = os.environ.get("SDL_VIDEODRIVER")
    if not chosen and sys.platform.startswith("linux"):
        # Asked for any, SDL takes one that shows nothing, after complaints on standard error.
        there = (("wayland", "WAYLAND_DISPLAY"), ("x11", "DISPLAY"))
        drivers = [driver for driver, variable in there if os.environ.get(variable)]
        sdl.SDL_SetHint(sdl.SDL_HINT_VIDEODRIVER, ",".join([*drivers, "KMSDRM"]).encode())
    sdl.SDL_SetHint(sdl.SDL_HINT_NO_SIGNAL_HANDLERS, b"1")
    sdl.SDL_SetHint(sdl.SDL_HINT_RENDER_SCALE_QUALITY, b"linear")
    if sdl.SDL_InitSubSystem(sdl.SDL_INIT_VIDEO):
        reason = sdl.SDL_GetError().decode(errors="replace")
        raise VideoError(f"no screen to show a window on ({reason}); {_INSTEAD}")
    driver = sdl.SDL_GetCurrentVideoDriver().decode()
    if driver in _INVISIBLE and not chosen:
        sdl.SDL_QuitSubSystem(sdl.SDL_INIT_VIDEO)
        raise VideoError(f"no screen to show a window on ({driver}); {_INSTEAD}")
