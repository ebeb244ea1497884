from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pose_landmarker.errors import ClosedError, TimestampError
from pose_landmarker.mailbox import Mailbox
from pose_landmarker.scheduling import LATENCIES_KEPT, LatestFrame, LiveStats


def settled(stats: LiveStats) -> bool:
    return stats.received == stats.processed + stats.dropped and not stats.waiting + stats.in_work


class TestLatestFrame:
    def test_newest_wins(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        assert frames.start() is None
        for timestamp_ms, item in enumerate("abcd"):
            frames.submit(item, timestamp_ms, 0.0)
            if item == "a":
                assert frames.start() == "a"
        assert frames.start() is None, "one is in work"
        assert frames.stats() == LiveStats(received=4, dropped=2, in_work=1, waiting=1)
        assert frames.hand_over(0.010)
        assert frames.start() == "d"
        assert frames.start() is None

    def test_times_must_increase(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        frames.submit("a", 0, 0.0)
        for timestamp_ms in (0, -1):
            with pytest.raises(
                TimestampError, match=f"^timestamp_ms must increase: got {timestamp_ms} after 0$"
            ):
                frames.submit("b", timestamp_ms, 0.0)
        assert frames.stats() == LiveStats(received=1, waiting=1)
        assert frames.start() == "a"
        frames.submit("c", 1, 0.0)

    def test_closed(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        frames.submit("a", 0, 0.0)
        frames.start()
        frames.submit("b", 1, 0.0)
        frames.close()
        frames.close()
        with pytest.raises(ClosedError):
            frames.submit("c", 2, 0.0)
        assert frames.stats() == LiveStats(received=2, dropped=1, in_work=1)
        assert frames.hand_over(0.0)
        assert frames.start() is None
        assert settled(frames.stats())

    def test_closed_for_new_frames_only(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        frames.submit("a", 0, 0.0)
        frames.close(drop_waiting=False)
        assert frames.start() == "a"

    def test_abandoned_results_are_unwanted(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        assert not frames.abandon()
        frames.submit("a", 0, 0.0)
        frames.start()
        assert frames.abandon()
        assert not frames.hand_over(0.0)
        assert frames.stats() == LiveStats(received=1, dropped=1)

    def test_failures_count_once(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        frames.submit("a", 0, 0.0)
        frames.start()
        frames.fail()  # at work
        frames.submit("b", 1, 0.0)
        frames.start()
        frames.hand_over(0.0)
        frames.fail()  # in the callback
        stats = frames.stats()
        assert (stats.received, stats.processed, stats.errors) == (2, 2, 2)

    def test_latencies(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        for milliseconds in range(1, 101):
            frames.submit("a", milliseconds, 5.0)
            frames.start()
            frames.hand_over(5.0 + milliseconds / 1000)
        stats = frames.stats()
        assert stats.latency_median_ms == pytest.approx(50.5)
        assert stats.latency_p95_ms == pytest.approx(95)

    def test_memory_is_flat(self) -> None:
        frames: LatestFrame[str] = LatestFrame()
        for timestamp_ms in range(3 * LATENCIES_KEPT):
            frames.submit("a", timestamp_ms, 0.0)
            frames.start()
            frames.hand_over(9.0 if timestamp_ms < 2 * LATENCIES_KEPT else 1.0)
        assert len(frames._latencies_ms) == LATENCIES_KEPT
        assert frames.stats().latency_p95_ms == 1000, "old ones are forgotten"

    def test_prints(self) -> None:
        assert str(LiveStats()) == "received 0, processed 0, dropped 0, errors 0"
        stats = LiveStats(
            received=1800, processed=298, dropped=1502, latency_median_ms=21.2, latency_p95_ms=34.9
        )
        wanted = "received 1800, processed 298, dropped 1502, errors 0; latency 21 ms median, 35 ms p95"
        assert str(stats) == wanted


class AnyInterleaving(RuleBasedStateMachine):
    """Submitting, working and closing in any order, beside a list of what must come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: LatestFrame[int] = LatestFrame()
        self.time = 0
        self.submitted: list[int] = []
        self.started: list[int] = []
        self.ended: list[int] = []
        self.errors = 0
        self.closed = False

    @rule(later=st.integers(-1, 3))
    def submit(self, later: int) -> None:
        before = self.frames.stats()
        timestamp_ms = self.time + later
        if self.closed:
            with pytest.raises(ClosedError):
                self.frames.submit(timestamp_ms, timestamp_ms, 0.0)
        elif later <= 0 and self.submitted:
            with pytest.raises(TimestampError):
                self.frames.submit(timestamp_ms, timestamp_ms, 0.0)
        else:
            self.frames.submit(timestamp_ms, timestamp_ms, 0.0)
            self.submitted.append(timestamp_ms)
            self.time = timestamp_ms
            return
        assert self.frames.stats() == before, "refusing changes nothing"

    @rule()
    def start(self) -> None:
        busy = self.frames.stats().in_work
        item = self.frames.start()
        if item is not None:
            assert not busy
            assert item == self.submitted[-1], "the newest"
            self.started.append(item)

    @rule(how=st.sampled_from(["result", "failure", "failing callback"]))
    def end(self, how: str) -> None:
        if how == "failure":
            self.ended += self.started[len(self.ended) :]
            self.frames.fail()
            self.errors += 1
        elif self.frames.hand_over(0.0):
            self.ended.append(self.started[-1])
            if how == "failing callback":
                self.frames.fail()
                self.errors += 1

    @precondition(lambda self: len(self.submitted) > 3)
    @rule()
    def close(self) -> None:
        self.frames.close()
        self.closed = True
        assert self.frames.start() is None

    @invariant()
    def nothing_is_lost(self) -> None:
        stats = self.frames.stats()
        assert stats.received == len(self.submitted)
        assert stats.received == stats.processed + stats.dropped + stats.in_work + stats.waiting
        assert stats.processed == len(self.ended)
        assert stats.errors == self.errors
        assert max(stats.waiting, stats.in_work) <= 1
        assert not (self.closed and stats.waiting)

    @invariant()
    def nothing_is_doubled_or_reordered(self) -> None:
        assert self.started == sorted(set(self.started))
        assert self.ended == self.started[: len(self.ended)]

    def teardown(self) -> None:
        self.frames.close()
        self.frames.hand_over(0.0)
        assert settled(self.frames.stats())


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


class TestMailbox:
    def test_rings_do_not_pile_up(self) -> None:
        mailbox: Mailbox[str] = Mailbox()
        for timestamp_ms in range(1000):
            mailbox.put("a", timestamp_ms)
        assert mailbox._bell.qsize() == 1

    def test_a_released_one_is_closed_by_its_taker(self) -> None:
        mailbox: Mailbox[str] = Mailbox()
        mailbox.put("a", 0)
        mailbox.release()
        assert mailbox.take() is None
        assert mailbox.stats == LiveStats(received=1, dropped=1)

    def test_the_last_frame_can_be_kept(self) -> None:
        mailbox: Mailbox[str] = Mailbox()
        mailbox.put("a", 0)
        mailbox.close(drop_waiting=False)
        assert mailbox.take() == "a"
        assert mailbox.take() is None
