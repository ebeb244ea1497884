"""All videos: one after the other or several at once; what became of them is told in their order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import NamedTuple

from pose_landmarker.cli.clip import Job
from pose_landmarker.cli.crew import Worker
from pose_landmarker.cli.inputs import Input
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.cli.lines import Lines
from pose_landmarker.cli.outputs import VideoOutputs
from pose_landmarker.cli.progress import FramesBar
from pose_landmarker.cli.tally import Tally
from pose_landmarker.cli.turns import Turns


class Step(NamedTuple):
    """Something has happened to a video.

    Attributes:
        number: Of the video.
        tally: As far as it has come; None where it failed.
        over: Whether nothing more will happen.
        error: Why it failed.
    """

    number: int
    tally: Tally | None
    over: bool = False
    error: Exception | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Videos:
    """What is to be done with which videos.

    Attributes:
        videos: In order.
        outputs: Where their results go.
        lines: What takes the landmarks of all of them.
        job: What a worker does with a video.
        bar: Shows how far they are.
        interruption: Whether somebody wants to end: no further video is begun.
    """

    videos: Sequence[Input]
    outputs: VideoOutputs
    lines: Sequence[Lines]
    job: Callable[[Worker, Input], Job]
    bar: FramesBar
    interruption: Interruption

    def outcomes(self, workers: Sequence[Worker]) -> Generator[tuple[Input, Tally | Exception], None, None]:
        """Every video that was begun with what was done, or with what went wrong.

        Raises:
            BrokenPipeError: Nobody reads the landmarks any more.
        """
        turns = Turns(self.lines)
        early: dict[int, Tally | Exception] = {}
        turn = 0
        with ExitStack() as stack:
            stack.callback(turns.close)
            stack.callback(self.bar.close)
            for step in stack.enter_context(closing(self._steps(workers, turns))):
                outcome = self._seen(step)
                if outcome is not None:
                    early[step.number] = outcome
                while turn in early:
                    outcome = _with_lines(turns, turn, early.pop(turn))
                    if turn == len(self.videos) - 1:
                        self.bar.close()
                    with self.bar.lifted():
                        yield self.videos[turn], outcome
                    turn += 1

    def _steps(self, workers: Sequence[Worker], turns: Turns) -> Generator[Step, None, None]:
        from pose_landmarker.parallel import parallel

        def work(worker: Worker, number: int) -> Generator[Step, None, None]:
            return self._work(worker, number, turns)

        if len(workers) > 1:
            yield from parallel(work, self._numbers(), workers=workers, in_order=False)
        else:
            for number in self._numbers():
                yield from work(workers[0], number)

    def _numbers(self) -> Iterator[int]:
        for number in range(len(self.videos)):
            if self.interruption.wanted:
                return
            yield number

    def _work(self, worker: Worker, number: int, turns: Turns) -> Generator[Step, None, None]:
        video = self.videos[number]
        job = self.job(worker, video)
        last: Step
        try:
            target, record = self.outputs.video_of(video), self.outputs.lines_of(video)
            steps = job.run(video, target, record, turns.of(number))
            tally = yield from _each(steps, number)
            turns.put_away(number)
            last = Step(number, tally, over=True)
        except BrokenPipeError:  # nobody reads our lines any more
            raise
        except Exception as error:  # whatever it is, one bad video spoils no other
            with suppress(OSError):
                turns.put_away(number)
            last = Step(number, None, over=True, error=error.with_traceback(None))  # it may wait for long
        yield last

    def _seen(self, step: Step) -> Tally | Exception | None:
        """What became of the video, if this is the end of it."""
        if step.over:
            self.bar.end(step.number, step.tally)
            return step.tally or step.error
        if step.tally is not None:
            self.bar.see(step.number, step.tally)
        return None


def _each(steps: Generator[Tally, None, Tally], number: int) -> Generator[Step, None, Tally]:
    with closing(steps):
        while True:
            try:
                tally = next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            yield Step(number, tally)


def _with_lines(turns: Turns, number: int, outcome: Tally | Exception) -> Tally | Exception:
    """The outcome, after its lines were passed on; or why they could not be."""
    try:
        turns.finish(number)
    except BrokenPipeError:
        raise
    except OSError as error:
        return outcome if isinstance(outcome, Exception) else error
    return outcome
