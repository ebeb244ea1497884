"""Jobs on Ray: real clusters of several nodes on this machine, whose workers and nodes are killed."""

from __future__ import annotations

import os
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pose_landmarker.batch.job import run_batch
from pose_landmarker.batch.seat import Seat
from pose_landmarker.batch.shape import Resources, Shape, cpu_shape, gpu_shape
from pose_landmarker.batch.work import Done, Event, Failed, FileTask, Rows, Settings, Started, Waiting
from pose_landmarker.batch.worker import FileWorker
from pose_landmarker.errors import EngineError, ModelNotFoundError, OptionError, OptionTypeError
from pose_landmarker.options import BaseOptions, PoseLandmarkerOptions
from tests.clips import write_clip

ray = pytest.importorskip("ray", reason="the extra 'cluster' is not installed")

from pyarrow import parquet  # noqa: E402

from pose_landmarker.batch.cluster import RayEngine, with_model_bytes  # noqa: E402
from pose_landmarker.batch.ray_session import RaySession, StartedAgainError, load_ray, lost_worker  # noqa: E402

# Ray leaves sockets and files of its processes to the end of this one.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def settings(model_file: Callable[[str], Path]) -> Settings:
    base = BaseOptions(model_asset_path=model_file("lite"))
    return Settings(options=PoseLandmarkerOptions(base_options=base))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Nine videos of different lengths, one of them damaged, and three pictures."""
    from PIL import Image

    from tests.poses import astronaut_photo

    folder = tmp_path_factory.mktemp("clips")
    paths = [write_clip(folder / f"clip{i:02}.mp4", 60 + 5 * i) for i in range(9)]
    paths[5].write_bytes(b"no video")
    person = np.ascontiguousarray(astronaut_photo()[::2, ::2])
    moving = [np.roll(person, 2 * i, axis=1) for i in range(40)]
    write_clip(paths[3], 40, pictures=moving)
    for i in range(3):
        paths.append(folder / f"picture{i}.png")
        Image.fromarray(np.full((60, 90, 3), 40 * i, np.uint8)).save(paths[-1])
    return paths


class Cluster:
    """A real cluster: a head without processors, and nodes with one each."""

    def __init__(self, nodes: int) -> None:
        load_ray()
        from ray.cluster_utils import Cluster as Processes

        self._processes = Processes(initialize_head=True, head_node_args={"num_cpus": 0})
        self.nodes = [self.add() for _ in range(nodes)]

    @property
    def address(self) -> str:
        return str(self._processes.address)

    def add(self) -> Any:
        return self._processes.add_node(num_cpus=1)

    def replace(self, node: Any) -> None:
        """Kill a node, once there is another one."""
        self.add()
        self._processes.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        self._processes.shutdown()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    # Lost nodes are noticed in two seconds instead of fifteen.
    for name, value in (("period_ms", 300), ("timeout_ms", 1000), ("failure_threshold", 3)):
        monkeypatch.setenv(f"RAY_health_check_{name}", str(value))
    monkeypatch.setattr("pose_landmarker.batch.cluster._VERDICT_S", 6.0)
    made = Cluster(nodes=2)
    yield made
    made.close()


def tasks_of(paths: list[Path]) -> list[FileTask]:
    return [
        FileTask(number, str(path), path.suffix == ".mp4", path.stat().st_size)
        for number, path in enumerate(paths)
    ]


class Driver:
    """What a job's driver does with events: rows count when their file is done."""

    def __init__(self, tasks: list[FileTask]) -> None:
        self.todo = list(reversed(tasks))
        self.tasks = {task.number: task for task in tasks}
        self.rows: dict[int, list[Any]] = {}
        self.done: dict[int, Done] = {}
        self.failed: dict[int, list[Failed]] = {}

    def take(self) -> FileTask | None:
        return self.todo.pop() if self.todo else None

    def see(self, event: Event) -> None:
        if isinstance(event, Started):
            self.rows[event.number] = []
        elif isinstance(event, Rows):
            self.rows[event.number].append(event.batch)
        elif isinstance(event, Done):
            assert event.number not in self.done
            self.done[event.number] = event
        elif isinstance(event, Failed):
            self.failed.setdefault(event.number, []).append(event)
            if event.cause == "killed":
                self.todo.append(self.tasks[event.number])

    def table(self, number: int) -> tuple[Any, npt.NDArray[Any]]:
        import pyarrow as pa

        batch = pa.Table.from_batches(self.rows[number]).combine_chunks().to_batches()[0]
        values = batch.column("values").flatten().to_numpy()
        return batch.drop_columns(["values"]), values


def undisturbed(settings: Settings, tasks: list[FileTask]) -> Driver:
    driver, worker = Driver(tasks), FileWorker(settings)
    for task in tasks:
        driver.see(Started(task.number, "here"))
        for event in worker.work(task):
            driver.see(event)
    worker.close()
    return driver


def assert_same(driver: Driver, wanted: Driver) -> None:
    assert driver.done.keys() == wanted.done.keys()
    for number, done in wanted.done.items():
        assert driver.done[number]._replace(seconds=0) == done._replace(seconds=0)
        (columns, values), (wanted_columns, wanted_values) = driver.table(number), wanted.table(number)
        assert columns.equals(wanted_columns)
        np.testing.assert_array_equal(values, wanted_values)


def test_a_cluster_that_loses_workers_and_a_node_finds_the_same(
    cluster: Cluster, settings: Settings, clips: list[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    tasks = tasks_of(clips)
    driver = Driver(tasks)
    engine = RayEngine(settings, address=cluster.address)
    capfd.readouterr()
    actions: list[Callable[[int], object]] = [
        lambda pid: os.kill(pid, signal.SIGKILL),
        lambda _: cluster.replace(cluster.nodes[0]),
        lambda pid: os.kill(pid, signal.SIGKILL),
    ]
    begun = 0
    for event in engine.events(driver.take):
        driver.see(event)
        if isinstance(event, Started) and driver.tasks[event.number].is_video:
            begun += 1
            if begun % 3 == 0 and actions:
                actions.pop(0)(int(event.worker.rpartition(":")[2]))
    assert not actions
    assert_same(driver, undisturbed(settings, tasks))
    killed = [failed for each in driver.failed.values() for failed in each if failed.cause == "killed"]
    # Not those on the node, which was not their fault; and a worker may be on it, or through with its file.
    assert len(killed) in (1, 2)
    assert all("lost" in failed.reason for failed in killed)
    assert [failed.cause for failed in driver.failed[5]][-1:] == ["content"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_twenty_random_kills_change_nothing(cluster: Cluster, settings: Settings, clips: list[Path]) -> None:
    random = np.random.default_rng(20)
    tasks = [task._replace(number=12 * turn + task.number) for turn in range(12) for task in tasks_of(clips)]
    driver, kills, seen = Driver(tasks), 0, 0
    due = set(random.choice(np.arange(5, 140), 20, replace=False).tolist())
    for event in RayEngine(settings, address=cluster.address).events(driver.take):
        driver.see(event)
        if isinstance(event, Started):
            seen += 1
            if seen in due:
                os.kill(int(event.worker.rpartition(":")[2]), signal.SIGKILL)
                kills += 1
    assert kills >= 15
    assert_same(driver, undisturbed(settings, tasks))


def test_a_cluster_of_ones_own(
    settings: Settings, tiny_task: bytes, clips: list[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    tasks = tasks_of(clips[-3:])
    driver = Driver(tasks)
    engine = RayEngine(settings, workers=1)
    folder = Path(tempfile.gettempdir(), f"pose_landmarker_{engine._seats[0].actor._actor_id.hex()}")
    existed, waited = False, 0
    for event in engine.events(driver.take):
        driver.see(event)
        existed |= folder.exists()
        waited += isinstance(event, Waiting)
    assert existed
    assert waited  # the worker takes its time to start
    assert not folder.exists()
    assert_same(driver, undisturbed(settings, tasks))
    assert not ray.is_initialized()
    assert capfd.readouterr() == ("", "")
    engine.close()
    # A cluster that the caller is connected to is used, and stays.
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        with pytest.raises(EngineError, match="has room for a worker, which takes 64 processors"):
            RayEngine(
                Settings(
                    options=PoseLandmarkerOptions(base_options=settings.options.base_options, threads=64)
                )
            )
        assert ray.is_initialized()
        # A model that no engine can work with ends the job instead of failing every file.
        broken = Settings(
            options=PoseLandmarkerOptions(base_options=BaseOptions(model_asset_buffer=tiny_task))
        )
        with pytest.raises(EngineError, match="cannot compile"):
            list(RayEngine(broken).events(Driver(tasks).take))
        with RaySession() as session:
            assert list(session.nodes().values()) == [Resources(cpus=1)]
        assert ray.is_initialized()
    finally:
        ray.shutdown()


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("ray://head:10001", OptionError, "Ray Client, which cannot stream"),
        (" ", OptionError, "'auto' or 'host:port', not ' '"),
        ("head", OptionError, "'auto' or 'host:port', not 'head'"),
        ("head:99999", OptionError, "'auto' or 'host:port'"),
        (7, OptionTypeError, "address must be a string, not int"),
    ],
)
def test_addresses_that_are_none(
    settings: Settings, address: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        RayEngine(settings, address=address)


def test_a_cluster_that_is_not_there(settings: Settings) -> None:
    with pytest.raises(EngineError, match=r"no Ray cluster at '127\.0\.0\.1:1'"):
        RayEngine(settings, address="127.0.0.1:1")


def test_the_model_travels_with_the_job(tmp_path: Path, tiny_task: bytes) -> None:
    path = tmp_path / "own.task"
    path.write_bytes(tiny_task)
    options = with_model_bytes(PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=path)))
    assert options.base_options.model_asset_buffer == tiny_task
    assert with_model_bytes(options) is options
    missing = PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=tmp_path / "none.task"))
    with pytest.raises(ModelNotFoundError):
        with_model_bytes(missing)
    with pytest.raises(OptionError, match="cannot be sent"):
        with_model_bytes(PoseLandmarkerOptions(engine=lambda *_, **__: None))


def test_what_workers_take() -> None:
    assert cpu_shape(None) == Shape(1)
    assert cpu_shape(3).room([Resources(16), Resources(2), Resources(3, gpus=1)]) == 6
    # Four nodes of four processors each have no room for one worker of eight.
    assert cpu_shape(8).room([Resources(4)] * 4) == 0
    # One large GPU and 16 processors: two processes with half of it, eight files each.
    large = Resources(cpus=16, gpus=1)
    assert gpu_shape([large]) == Shape(cpus=8, gpus=0.5, streams=8)
    assert gpu_shape([large]).room([large, Resources(64)]) == 2
    assert gpu_shape([Resources(12, 3)]) == Shape(cpus=4, gpus=1.0, streams=4)
    third = gpu_shape([Resources(24, 1)])
    assert third == Shape(cpus=8, gpus=0.3333, streams=8)
    assert third.room([Resources(24, 1)]) == 3
    assert gpu_shape([Resources(1, 2)]) == Shape(cpus=1, gpus=1.0, streams=1)
    # A head without a GPU decodes for nobody, and the shape fits the smallest node.
    mixed = [Resources(64), Resources(4, 1), large]
    assert gpu_shape(mixed) == Shape(cpus=4, gpus=1.0, streams=4)
    assert gpu_shape(mixed).room(mixed) == 2
    with pytest.raises(EngineError, match="Ray knows of none"):
        gpu_shape([Resources(8)])


class Remote:
    """A method of an actor that only notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def remote(self, *arguments: Any) -> Any:
        self.asked.append(arguments)
        return iter([f"{arguments}"])

    def options(self, **_: Any) -> Remote:
        return self


class Actor:
    def __init__(self) -> None:
        self.begin, self.work, self.end = Remote(), Remote(), Remote()


def test_a_seat_keeps_apart_what_was_begun_and_what_was_not() -> None:
    seat = Seat(Actor(), "settings", streams=1)
    assert not seat.has_room()
    assert seat.hear(seat.waited_for[0], lambda _: "node") == []
    assert seat.has_room()
    pictures = [FileTask(i, f"{i}.png", False, 1) for i in range(3)]
    video = FileTask(9, "9.mp4", True, 1)
    seat.give(pictures[0])
    assert seat.has_room()  # a second one waits, so that it can be begun at once
    seat.give(pictures[1])
    assert not seat.has_room()
    told = seat.hear(seat.waited_for[0], lambda _: [Started(0, "w"), Failed(0, "content", "no")])
    assert len(told) == 2
    assert seat.start_again() == ([pictures[1]], [])
    assert not seat.ready
    assert not seat.busy
    seat.hear(seat.waited_for[0], lambda _: "node")
    seat.give(pictures[2])
    seat.give(video)
    assert not seat.has_room()
    assert seat.start_again() == ([pictures[2]], [video])
    assert seat.start_again() == ([], [])


def test_a_seat_with_streams_and_one_without_hope() -> None:
    seat = Seat(Actor(), "settings", streams=2)
    seat.hear(seat.waited_for[0], lambda _: "node")
    videos = [FileTask(i, f"{i}.mp4", True, 1) for i in range(2)]
    for video in videos:
        assert seat.has_room()
        seat.give(video)
    assert not seat.has_room()
    assert len(seat.waited_for) == 2
    assert seat.start_again() == (videos, [])
    seat.hear(seat.waited_for[0], lambda _: "node")
    seat.give(videos[0], alone=True)
    assert not seat.has_room()
    seat.start_again()
    while not seat.is_hopeless():
        assert seat.start_again() == ([], [])
    seat.hear(seat.waited_for[0], lambda _: "node")
    assert not seat.is_hopeless()


class Session:
    """Workers that tell everything at once, and die of one file."""

    def __init__(self, killer: int) -> None:
        self.killer = killer
        self.tries = Counter[int]()

    def nodes(self) -> dict[str, Resources]:
        return {"node": Resources(1)}

    def wait(self, waited_for: list[Any], _seconds: float, *, every: bool = False) -> list[Any]:
        return [] if every else waited_for[:1]

    def kill(self, _actor: Any) -> None:
        pass

    def close(self) -> None:
        pass


def test_files_beside_one_that_kills_are_tried_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pose_landmarker.batch.cluster._VERDICT_S", 0.0)
    session = Session(killer=5)

    def get(answer: Any) -> Any:
        if not isinstance(answer, str):  # of ``begin``
            return "node"
        number = int(answer.split("number=")[1].split(",")[0])
        if number == session.killer:
            raise ray.exceptions.ActorUnavailableError("gone", None)
        return [Done(number, "", 1, 1, 1, 1, 0, 0, None, 0.1)]

    session.ray = SimpleNamespace(get=get, exceptions=ray.exceptions)  # type: ignore[attr-defined]
    engine = RayEngine.__new__(RayEngine)
    vars(engine).update(
        _session=session,
        _workers=1,
        _shape=Shape(cpus=1, streams=4),
        _seats=[Seat(Actor(), "settings", streams=4)],
        _again=deque(),
        _lost=[],
        _suspects=set(),
        _alone=deque(),
        _next_look_s=0.0,
    )
    driver = Driver([FileTask(i, f"{i}.mp4", True, 1) for i in range(8)])
    for event in engine.events(driver.take):
        if isinstance(event, Failed):
            session.tries[event.number] += 1
            if session.tries[event.number] > 2:
                continue  # as a job does
        driver.see(event)
    assert set(driver.done) == set(range(8)) - {5}
    assert session.tries[5] == 3
    assert max(count for number, count in session.tries.items() if number != 5) == 1


def test_how_a_worker_was_lost() -> None:
    assert "memory" in lost_worker(ray, ray.exceptions.OutOfMemoryError("full"))
    assert "its node" in lost_worker(ray, ray.exceptions.ActorUnavailableError("gone", None))

    def raised(cause: Exception) -> Exception:
        error: Exception = ray.exceptions.RayTaskError("work", "a traceback", cause)
        return error

    assert "started again" in lost_worker(ray, raised(StartedAgainError()))
    with pytest.raises(EngineError, match="refused"):
        lost_worker(ray, raised(EngineError("refused")))
    with pytest.raises(ZeroDivisionError):
        lost_worker(ray, ZeroDivisionError())
    with pytest.raises(ray.exceptions.RayTaskError):
        lost_worker(ray, raised(ValueError("a fault of ours")))


@pytest.mark.slow
def test_a_job_whose_workers_and_driver_are_lost_has_the_rows_of_an_undisturbed_one(
    cluster: Cluster, settings: Settings, clips: list[Path], tmp_path: Path
) -> None:
    model = settings.options.base_options.model_asset_path
    assert model is not None
    run_batch(clips[0].parent, tmp_path / "undisturbed", model, report=False)

    class Lossy(RayEngine):
        """Loses a worker with every fourth file, and the driver's patience after the eighth."""

        begun = 0

        def events(self, take: Callable[[], FileTask | None]) -> Iterator[Event]:
            for event in super().events(take):
                yield event
                if isinstance(event, Started):
                    Lossy.begun += 1
                    if Lossy.begun % 4 == 0:
                        os.kill(int(event.worker.rpartition(":")[2]), signal.SIGKILL)
                    if Lossy.begun == 8:
                        raise KeyboardInterrupt

    def engine(settings: Settings, workers: int | None) -> RayEngine:
        return Lossy(settings, workers, address=cluster.address)

    with pytest.raises(KeyboardInterrupt):
        run_batch(clips[0].parent, tmp_path / "disturbed", model, engine=engine)
    summary = run_batch(clips[0].parent, tmp_path / "disturbed", model, engine=engine)
    assert (summary.files, summary.failed) == (12, 1)
    assert 0 < summary.before < 11
    tables = [
        parquet.read_table(tmp_path / name / "data").sort_by(
            [("file", "ascending"), ("frame", "ascending"), ("person", "ascending")]
        )
        for name in ("undisturbed", "disturbed")
    ]
    assert tables[0].num_rows > 500
    assert tables[0].equals(tables[1])
