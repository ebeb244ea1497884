"""The pictures of a video file, a camera or an address, from the first or from a chosen time on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

from pose_landmarker.errors import VideoError
from pose_landmarker.media.container import video_stream
from pose_landmarker.media.decoder import Decoder
from pose_landmarker.media.picture import Picture
from pose_landmarker.media.problems import Problems
from pose_landmarker.media.seeking import Landing, find_landing, lists_packets

if TYPE_CHECKING:
    from av.container import InputContainer


class PictureStream:
    """A source that PyAV decodes.

    Attributes:
        size: (width, height) of the first picture, upright.
        fps: Pictures a second on average; None where the container does not say.
        duration: Seconds; None where the container does not say.
        num_pictures: How many there are; None where the container does not say.
        has_audio: Whether there is sound with the pictures.
        live: Whether it goes on while nobody reads.
        origin: When the first picture is shown by the container's clock, in seconds.

    Raises:
        VideoError: It cannot be opened, there are no pictures in it, or none can be decoded.
    """

    def __init__(
        self,
        open_container: Callable[[], InputContainer],
        name: str,
        problems: Problems,
        *,
        live: bool = False,
        local: bool = True,
        camera: bool = False,
        threads: int | None = None,
    ) -> None:
        """Open the source and decode its first picture.

        Args:
            open_container: Opens the source, perhaps again.
            name: What the user called it, for errors.
            problems: Told what is broken.
            live: Whether it is known to go on while nobody reads.
            local: Whether it is a file, so that reading it twice is cheap.
            camera: Whether it is a device, whose driver may never answer.
            threads: That decode; by the machine unless said.
        """
        self._open = open_container
        self._name = name
        self._problems = problems
        self._local = local
        self._threads = threads
        self._decoder = self._decoder_of(open_container(), camera=camera)
        self._pictures = self._decoder.pictures()
        try:
            self.size = self._look_at_first()
        except VideoError:
            self.close()
            raise
        decoder = self._decoder
        self.duration = None if live else decoder.duration
        self.live = live or (not local and self.duration is None)
        self.num_pictures = None if self.live else decoder.num_pictures
        self.fps = decoder.fps
        self.has_audio = bool(decoder.container.streams.audio)
        self.origin = decoder.origin

    def pictures(self, start: Fraction | None = None) -> Iterator[Picture]:
        """The pictures in order, once; those before ``start`` seconds may be left out."""
        landing = None if start is None or start <= 0 else self._landing(start)
        if landing is not None:
            pictures = self._decoder.pictures(landing)
            first = next(pictures, None)
            if first is not None and first.index == landing.index:
                return chain([first], pictures)
            # The file is not what it seems to be. All of it can still be decoded.
            self._decoder.close()
            self._decoder = self._decoder_of(self._open())
            self._pictures = self._decoder.pictures()
        return self._pictures

    @property
    def seeks(self) -> bool:
        """Whether what lies before a start need not be decoded."""
        decoder = self._decoder
        cheap = self._local or lists_packets(decoder.container, decoder.stream)
        return not self.live and decoder.timeline.counted and cheap

    def open_again(self) -> InputContainer:
        """The source a second time, for what is not pictures.

        Raises:
            VideoError: It cannot be opened now.
        """
        return self._open()

    def close(self) -> None:
        """Let go of the source."""
        self._decoder.close()

    def _decoder_of(self, container: InputContainer, *, camera: bool = False) -> Decoder:
        try:
            return Decoder(container, self._name, self._problems, camera=camera, threads=self._threads)
        except VideoError:
            container.close()
            raise

    def _look_at_first(self) -> tuple[int, int]:
        """Decode the first picture, keeping it for later; its (width, height)."""
        first = next(self._pictures, None)
        image = None if first is None else first.pixels()
        if first is None or image is None:
            raise VideoError(f"{self._name}: none of its pictures can be decoded")
        self._pictures = chain([Picture(first.index, first.time, lambda: image)], self._pictures)
        return image.shape[1], image.shape[0]

    def _landing(self, start: Fraction) -> Landing | None:
        """The key picture before ``start``, where it is certain to give the same as the beginning."""
        decoder = self._decoder
        timeline, tick = decoder.timeline, decoder.tick
        if not self.seeks or timeline.origin is None:
            return None
        origin = round(timeline.origin / tick)
        import av

        try:
            with self._open() as container:
                stream = video_stream(container, self._name)
                landing = find_landing(container, stream, origin, origin + int(start / tick))
        except (VideoError, av.FFmpegError):  # damaged; decoding from the beginning will tell
            return None
        return landing if landing is not None and landing.index > 0 else None
