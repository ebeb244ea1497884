"""The plan for a million hours: sums, and the simulation beside closed forms."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.scale import bounds, charts, checks, sweeps, tables
from benchmarks.scale.archive import Archive
from benchmarks.scale.budget import budget, device_times
from benchmarks.scale.clips import agreement, spread
from benchmarks.scale.device import DEVICES, SHARES
from benchmarks.scale.figures import Figures
from benchmarks.scale.knees import knees, of_files, shards
from benchmarks.scale.options import cheapest_of_devices, of_cores, of_devices
from benchmarks.scale.simulation.events import Events
from benchmarks.scale.simulation.job import simulate
from benchmarks.scale.simulation.setting import Cluster, Failures, Files
from benchmarks.scale.simulation.storage import Storage


@pytest.fixture(scope="module")
def figures() -> Figures:
    return Figures.load()


def files_of(*work_s: float) -> Files:
    return checks.plain_files(np.array(work_s, float))


class TestEvents:
    def test_happen_in_the_order_of_their_times_and_of_being_asked_for(self) -> None:
        events, seen = Events(), list[tuple[float, str]]()
        for delay, name in ((2.0, "c"), (1.0, "a"), (1.0, "b")):
            events.after(delay, lambda name=name: seen.append((events.now, name)))
        events.run()
        assert seen == [(1.0, "a"), (1.0, "b"), (2.0, "c")]

    def test_stop_when_finished(self) -> None:
        events, seen = Events(), list[float]()
        for delay in (1.0, 2.0, 3.0):
            events.after(delay, lambda: seen.append(events.now))
        events.run(lambda: len(seen) == 2)
        assert seen == [1.0, 2.0]


class TestStorage:
    def test_is_shared(self) -> None:
        events, ended = Events(), dict[str, float]()
        storage = Storage(events, bytes_s=10, reader_bytes_s=math.inf)
        storage.read(100, lambda: ended.update(long=events.now))
        events.after(5, storage.read, 25, lambda: ended.update(short=events.now))
        events.run()
        # alone for 5 s, 50 left; both at 5 a second until the short one is through, 25 left; alone again
        assert ended == {"short": 10.0, "long": 12.5}

    def test_one_reader_has_no_more_than_its_connection(self) -> None:
        events, ended = Events(), list[float]()
        storage = Storage(events, bytes_s=10, reader_bytes_s=2)
        for _ in range(2):
            storage.read(20, lambda: ended.append(events.now))
        events.run()
        assert ended == [10.0, 10.0]

    def test_who_gives_up_leaves_its_part_to_the_others(self) -> None:
        events, ended = Events(), dict[str, float]()
        storage = Storage(events, bytes_s=10, reader_bytes_s=math.inf)
        first = storage.read(100, lambda: ended.update(first=events.now))
        storage.read(100, lambda: ended.update(second=events.now))
        events.after(10, storage.give_up, first)
        events.run()
        assert ended == {"second": pytest.approx(15.0)}  # 50 in 10 s, 50 in 5 s


class TestJob:
    def test_two_workers_take_one_file_after_the_other(self) -> None:
        outcome = simulate(files_of(4, 1, 1, 1, 2), Cluster(workers=2))
        assert outcome.makespan_s == 5  # 4 and 1 + 1 + 1 + 2
        assert outcome.done_s == 9
        assert outcome.utilisation == pytest.approx(0.9)
        assert (outcome.lost_s, outcome.failed) == (0, 0)

    def test_more_workers_than_files(self) -> None:
        assert simulate(files_of(3, 1), Cluster(workers=10)).makespan_s == 3

    def test_bytes_come_before_work(self) -> None:
        files = replace(files_of(3), size=np.array([20.0]))
        outcome = simulate(files, Cluster(workers=1, storage_bytes_s=10))
        assert (outcome.makespan_s, outcome.reading_s) == (5, 2)

    def test_a_full_driver_holds_workers_back(self) -> None:
        files = checks.plain_files(np.full(200, 1.0), driver_s=0.5)
        outcome = simulate(files, Cluster(workers=10))
        assert outcome.makespan_s == pytest.approx(100, rel=0.03)
        assert outcome.driver_s == pytest.approx(100)
        assert outcome.held_s > 0

    def test_a_slow_worker(self) -> None:
        slow = Cluster(workers=1, slow_share=1.0, slow_speed=0.5)
        assert simulate(files_of(3), slow).makespan_s == 6

    def test_a_file_that_kills_is_given_up_after_its_retries_and_the_others_are_done(self) -> None:
        files = files_of(*[10.0] * 20)
        files.kills[3] = True
        outcome = simulate(files, Cluster(workers=4), Failures(retries=2, worker_away_s=1))
        assert (outcome.killers, outcome.failed) == (1, 0)
        assert outcome.done_s == pytest.approx(190)
        assert 0 < outcome.lost_s < 30  # three tries, each ended within its ten seconds

    def test_a_loss_costs_the_file_in_work_only(self) -> None:
        files = checks.drawn(400)
        lossy = Failures(nodes_h=2.0)
        outcome = simulate(files, Cluster(workers=16, node_workers=4), lossy, seed=1)
        assert outcome.done_s == pytest.approx(files.work_s.sum())
        assert outcome.failed == 0
        assert outcome.lost_s > 0

    def test_workers_that_are_lost_alone_cost_tries_and_nodes_do_not(self) -> None:
        files = checks.plain_files(np.full(200, 1800.0))
        cluster = Cluster(workers=50, node_workers=1)
        alone = simulate(files, cluster, Failures(workers_h=1.0), seed=1)
        assert alone.failed > 0
        assert alone.done_s == pytest.approx((200 - alone.failed) * 1800)
        nodes = simulate(files, cluster, Failures(nodes_h=1.0), seed=1)
        assert nodes.failed == 0
        assert nodes.done_s == pytest.approx(200 * 1800)

    def test_a_driver_that_is_lost_comes_back(self) -> None:
        files = checks.drawn(400)
        outcome = simulate(files, Cluster(workers=16), Failures(driver_h=5.0), seed=2)
        assert outcome.done_s == pytest.approx(files.work_s.sum())
        assert outcome.lost_s > 0

    def test_the_same_seed_gives_the_same_job(self) -> None:
        files, lossy = checks.drawn(300), Failures(nodes_h=1.0, workers_h=0.5)
        cluster = Cluster(workers=16, storage_bytes_s=100.0)
        assert simulate(files, cluster, lossy, seed=3) == simulate(files, cluster, lossy, seed=3)

    @pytest.mark.parametrize("workers", [1, 7, 64])
    def test_makespan_is_between_its_bounds(self, workers: int) -> None:
        low, simulated, high = checks.within_bounds(workers)
        assert low - 1e-6 <= simulated <= high + 1e-6


class TestChecks:
    def test_losses(self) -> None:
        assert abs(checks.losses().error) < 0.02

    def test_driver(self) -> None:
        assert abs(checks.driver_queue(count=50_000).error) < 0.1

    def test_storage(self) -> None:
        assert abs(checks.shared_storage(count=10_000).error) < 0.15

    def test_full_driver_and_full_storage(self) -> None:
        assert abs(checks.full_driver().error) < 0.02
        assert abs(checks.full_storage().error) < 0.05

    def test_real_runs(self, figures: Figures) -> None:
        assert len(checks.trials(figures)) >= 3


class TestPlan:
    def test_files_are_as_long_as_they_are_said_to_be(self, figures: Figures) -> None:
        archive = Archive()
        drawn = archive.draw(200_000, figures)
        mean_s = float(drawn.size.mean()) / archive.bytes_s(figures)
        assert mean_s == pytest.approx(archive.mean_s, rel=0.02)

    def test_money_and_cores_grow_with_hours(self, figures: Figures) -> None:
        one, two = budget(Archive(hours=1e6), figures), budget(Archive(hours=2e6), figures)
        assert two.core_h == pytest.approx(2 * one.core_h)
        assert all(two.money[name] == pytest.approx(2 * dollars) for name, dollars in one.money.items())
        assert one.core_h == pytest.approx(1e6 * 30 * sum(Archive().parts_ms(figures).values()) / 1e3)

    def test_heavier_models_and_larger_pictures_cost_more(self, figures: Figures) -> None:
        hours = [budget(Archive(model=model), figures).core_h for model in ("lite", "full", "heavy")]
        assert hours == sorted(hours)
        sizes = [budget(Archive(format=f"{size}p h264"), figures).core_h for size in (480, 720, 1080, 2160)]
        assert sizes == sorted(sizes)

    def test_a_file_server_is_narrow_before_the_driver(self, figures: Figures) -> None:
        found = knees(Archive(), figures)
        assert list(found.values()) == sorted(found.values())
        assert list(found)[:2] == ["file server, 10 Gbit/s", "driver, on Ray"]

    def test_jobs_are_split_for_drivers_and_for_files(self, figures: Figures) -> None:
        few = Archive(hours=100)
        assert shards(few, figures, 10) == 1
        assert shards(few, figures, 10_000) > 10
        assert shards(Archive(), figures, 10) * 1e5 >= Archive().files
        assert of_files(2e5, figures)["memory_gb"] == pytest.approx(2 * of_files(1e5, figures)["memory_gb"])

    def test_a_device_is_never_quicker_than_its_narrowest_part(self, figures: Figures) -> None:
        for device in DEVICES:
            for way in ("processor decodes", "device decodes"):
                times = [device_times(device, Archive(), figures, share, way)[0] for share in SHARES]
                assert times == sorted(times)
        names = [way.name for way in cheapest_of_devices(Archive(), figures)]
        assert len(set(names)) == 2 * len(DEVICES)

    def test_clips_are_a_distribution(self, figures: Figures) -> None:
        found = spread(figures)
        assert found.cost.mean() == pytest.approx(1)
        assert found.people.mean() == pytest.approx(1)
        assert 0.5 < agreement(figures)[0] < 2
        drawn, plain = (
            Archive().draw(1000, figures).work_s,
            Archive().of_lengths(np.full(3, 60.0), figures).work_s,
        )
        assert len(np.unique(drawn)) == 1000
        assert len(np.unique(plain)) == 1


class TestSweeps:
    def test_more_jobs_help_where_one_driver_is_full(self, figures: Figures) -> None:
        archive = Archive()
        workers = 2 * round(knees(archive, figures)["driver, on Ray"])
        (one,) = sweeps.by_workers(archive, figures, [workers], bytes_s=1e12)
        (four,) = sweeps.by_workers(archive, figures, [workers], bytes_s=1e12, jobs=4)
        assert one.hours_h < 0.6 * one.ideal_h
        assert four.hours_h > 0.9 * four.ideal_h

    def test_files_come_as_a_job_gives_them_out(self, figures: Figures) -> None:
        listed, drawn = Archive().listed(500, figures), Archive().draw(500, figures)
        assert list(drawn.size) == sorted(listed.size, reverse=True)
        assert drawn.work_s.sum() == pytest.approx(listed.work_s.sum())

    def test_large_files_first_end_earlier(self, figures: Figures) -> None:
        (tail,) = sweeps.by_longest(Archive(), figures, [12.0], workers=20, hours=400)
        assert tail.bound <= tail.largest_first < tail.listed

    def test_losses_are_as_expected(self, figures: Figures) -> None:
        (lost,) = sweeps.by_losses(Archive(longest_h=1.0), figures, [1.0], workers=100, count=4000)
        assert lost.share == pytest.approx(lost.expected, rel=0.15)
        assert bounds.worked_until_done_s(np.array([100.0]), 1e-9) == pytest.approx(100, rel=1e-4)


def test_tables_and_charts(figures: Figures, tmp_path: Path) -> None:
    archive = Archive()
    ways = of_cores(archive, figures) + of_devices(archive, figures)
    for text in (
        tables.answers(archive, figures),
        tables.frame(archive, figures),
        tables.formats(archive, figures),
        tables.narrow_places(archive, figures),
        tables.many_files(figures),
        tables.split(archive, figures),
        tables.ways(ways),
        tables.checked([checks.full_driver()]),
    ):
        assert text.startswith("|")
    rates = [sweeps.Rate(64, 9.0, 10.0), sweeps.Rate(128, 15.0, 20.0)]
    charts.draw_costs(ways, 0.05, tmp_path / "costs.png")
    charts.draw_workers({"a": rates, "b": rates, "c": rates}, {"x": 100.0}, tmp_path / "workers.png")
    charts.draw_tail([sweeps.Tail(1, 1.2, 1.1, 1.0)], 2.0, tmp_path / "tail.png")
    lost = [sweeps.Lost(0.1, 0.01, 0.01, 0.0, 1.0)]
    charts.draw_losses({"a": lost, "b": lost}, (1e-4, 1e-3), tmp_path / "losses.png")
    assert len(list(tmp_path.glob("*.png"))) == 4
