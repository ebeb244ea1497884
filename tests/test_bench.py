"""The benchmark: what is measured, by whom, and what becomes of the numbers. Never how fast anything is."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import BundleError, ImageError, MissingExtraError, OptionError, VideoError
from pose_landmarker.bench import environments, footprint, material, matmul, peak, worker
from pose_landmarker.bench.cell import percentile, reference_of
from pose_landmarker.bench.contestant import Contestant, ContestantError, run_together
from pose_landmarker.bench.material import Material
from pose_landmarker.bench.matrix import FULL, QUICK, contestants, select
from pose_landmarker.bench.operations import multiplications, of_bundle
from pose_landmarker.bench.peak import Peak, measure_peaks, peak_for
from pose_landmarker.bench.race import Outcome, race
from pose_landmarker.bench.setting import Setting, check_threads
from pose_landmarker.bench.suite import Plan, rounds_of, title
from pose_landmarker.media import VideoReader, read_image
from pose_landmarker.models.bundle import read_bundle
from tests.clips import write_clip
from tests.conftest import needs_openvino

VIDEO = Setting(mode="video", model="lite")


class TestSetting:
    @pytest.mark.parametrize(
        "setting",
        [
            VIDEO,
            Setting(
                mode="image", model="heavy", size="4k", num_poses=5, masks=True, threads="all",
                engine="openvino", precision="fast",
            ),
            Setting(mode="videos", model="full", size="native", threads="16", engine="litert"),
        ],
    )  # fmt: skip
    def test_key_and_back(self, setting: Setting) -> None:
        assert Setting.from_key(setting.key) == setting

    def test_key_stays_what_it_is(self) -> None:
        """Results of earlier releases are compared by it."""
        assert VIDEO.key == "video/lite/720p/poses=1/masks=no/threads=default/mediapipe/exact"

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "video",
            "video/lite/720p/poses=one/masks=no/threads=default/litert/exact",
            "video/lite/720p/poses=01/masks=no/threads=default/litert/exact",
            "video/lite/720p/poses=1/masks=perhaps/threads=default/litert/exact",
            "video/lite/8k/poses=1/masks=no/threads=default/litert/exact",
            "video/lite/720p/poses=1/masks=no/threads=0/litert/exact",
        ],
    )
    def test_keys_of_nothing(self, key: str) -> None:
        with pytest.raises(OptionError, match="names no measurement"):
            Setting.from_key(key)

    @pytest.mark.parametrize("threads", ["0", "-1", "many", "1.5", "٣", "100000", ""])
    def test_threads(self, threads: str) -> None:
        with pytest.raises(OptionError, match="threads must be"):
            check_threads(threads)

    def test_conditions_leave_out_who(self) -> None:
        ours = Setting(mode="video", model="lite", engine="openvino", precision="fast")
        assert ours.conditions == VIDEO
        assert VIDEO.of_reference
        assert not ours.of_reference


class TestMatrix:
    def test_quick(self) -> None:
        found = select(QUICK, {})
        assert {(s.mode, s.model) for s in found} == {
            (mode, model) for mode in ("image", "video", "start") for model in ("lite", "full", "heavy")
        }
        assert {(s.size, s.num_poses, s.masks, s.threads) for s in found} == {("720p", 1, False, "default")}

    def test_full(self) -> None:
        found = select(FULL, {})
        frames = [s for s in found if s.mode == "video"]
        assert len(frames) == 3 * 4 * 3 * 2 * 2 + 3  # and the usual conditions with default threads
        assert sum(s.mode == "videos" for s in found) == 3
        assert len({s.key for s in found}) == len(found)

    def test_chosen(self) -> None:
        found = select(
            QUICK, {"modes": ["videos"], "models": ["full"], "masks": [False, True], "sizes": None}
        )
        assert [s.key.split("/threads")[0] for s in found] == [
            "videos/full/720p/poses=1/masks=no",
            "videos/full/720p/poses=1/masks=yes",
        ]
        assert [s.mode for s in select(FULL, {"modes": ["start"], "models": ["lite"]})] == ["start"]

    def test_contestants(self) -> None:
        crew = contestants(VIDEO, ["litert", "openvino"], ["exact", "fast"], reference=True)
        assert [(s.engine, s.precision) for s in crew] == [
            ("mediapipe", "exact"),
            ("litert", "exact"),
            ("litert", "fast"),
            ("openvino", "exact"),
            ("openvino", "fast"),
        ]
        assert len(contestants(VIDEO, ["litert"], ["exact"], reference=False)) == 1

    def test_turns(self) -> None:
        plan = Plan(
            conditions=[VIDEO, Setting(mode="start", model="lite")],
            engines=["litert"],
            precisions=["exact"],
            rounds=12,
            python="python",
            environments=Path("somewhere"),
        )
        assert plan.turns() == 2 * 12 + 2 * 4
        assert [rounds_of("video", 2), rounds_of("start", 2), rounds_of("videos", 6)] == [2, 2, 3]

    def test_title(self) -> None:
        setting = Setting(mode="image", model="full", num_poses=5, masks=True, threads="all")
        assert title(setting) == "IMAGE full 720p 5 poses masks all threads"


class TestMaterial:
    def test_made_clip_has_people_and_moves(self, tmp_path: Path) -> None:
        setting = Setting(mode="video", model="lite", size="480p", num_poses=2)
        stored = Material(tmp_path, most_frames=4).frames(setting)
        assert stored.shape == (4, 480, 854, 3)
        assert stored.path.stat().st_size == 4 * 480 * 854 * 3
        frames = [frame for frame, _ in zip(material.to_and_fro(stored), range(7), strict=False)]
        assert (frames[1] != frames[0]).any()
        assert (frames[6] == frames[0]).all()  # 0 1 2 3 2 1 0
        assert (frames[5] == frames[1]).all()

    def test_pictures_are_fitted(self, tmp_path: Path) -> None:
        tall = np.zeros((300, 100, 3), np.uint8)
        fitted = material.fit(tall, (854, 480))
        assert fitted.shape == (480, 854, 3)
        assert (fitted[:, 427] == 0).all()
        assert (fitted[:, 0] == 90).all()
        assert material.fit(fitted, (854, 480)) is fitted

    def test_the_users_pictures_and_clip(self, tmp_path: Path) -> None:
        picture, clip = tmp_path / "me.png", write_clip(tmp_path / "me.mp4", 5, rate=20)
        Image.new("RGB", (64, 32), (1, 2, 3)).save(picture)
        made = Material(tmp_path, clip=clip, pictures=[picture], most_frames=3)
        made.check()
        native: dict[str, Any] = {"model": "lite", "size": "native"}
        assert made.frames(Setting(mode="image", **native)).shape == (1, 32, 64, 3)
        assert made.frames(Setting(mode="video", **native)).shape == (3, 48, 80, 3)
        assert made.frames(Setting(mode="video", **native)).fps == 20
        assert made.describe() == {"clip": "me.mp4", "pictures": "me.png"}

    def test_side_by_side(self, tmp_path: Path) -> None:
        frames = [np.full((4, 6, 3), value, np.uint8) for value in range(3)]
        (first, *_) = material.side_by_side(frames, 3)
        assert first.shape == (4, 6, 3)
        assert first[0, :, 0].tolist() == [0, 0, 2, 2, 1, 1]  # 17 and 34 frames later, of 3
        clip = write_clip(tmp_path / "me.mp4", 3)
        made = Material(tmp_path, clip=clip, side_by_side=2)
        assert made.frames(Setting(mode="video", model="lite", size="native")).shape == (3, 48, 80, 3)
        assert made.describe()["clip"] == "me.mp4, 2 times side by side"

    def test_files(self, tmp_path: Path) -> None:
        made = Material(
            tmp_path, clip=write_clip(tmp_path / "a.mp4", 3), num_videos=2, num_pictures=4, video_frames=7
        )
        videos = made.files(Setting(mode="videos", model="lite", size="native"))
        assert videos == made.files(Setting(mode="videos", model="full", size="native"))
        assert len(videos) == 2
        for path in videos:
            with VideoReader(path) as reader:
                assert len(list(reader)) == 7
        pictures = made.files(Setting(mode="pictures", model="lite", size="native"))
        assert [read_image(path).shape for path in pictures] == [(48, 80, 3)] * 4

    def test_what_cannot_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "bad.mp4").write_bytes(b"no video")
        with pytest.raises(VideoError):
            Material(tmp_path, clip=tmp_path / "bad.mp4").check()
        with pytest.raises(ImageError):
            Material(tmp_path, pictures=[tmp_path / "missing.png"]).check()
        monkeypatch.setitem(sys.modules, "skimage", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[demo\]'.*--clip"):
            Material(tmp_path).check()


#: Speaks the worker's language, and does what its specification says.
_FAKE = """
import json, sys, time
spec = json.loads(sys.argv[1])
print("library chatter", file=sys.stderr)
if spec.get("fails") == "start":
    sys.exit("cannot be loaded")
print(json.dumps({"ready": {"precision": "exact", "threads": 2, "version": "1"}}), flush=True)
done = 0
for line in sys.stdin:
    done += 1
    if spec.get("fails") == "hangs":
        time.sleep(60)
    if spec.get("fails") == "error" and done == 3:
        print(json.dumps({"error": "ValueError: no"}), flush=True)
        break
    if spec.get("fails") == "crash" and done == 3:
        sys.exit(3)
    n = int(line)
    print(json.dumps({"poses": [1] * n, "wall_ms": [spec.get("ms", 2.0)] * n, "cpu_ms": 1.5,
                      "process_cpu_ms": 40.0, "memory_mib": 10.5}), flush=True)
"""


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., Contestant]:
    script = tmp_path / "fake_worker.py"
    script.write_text(_FAKE)
    return lambda **spec: Contestant(sys.executable, spec, script=script)


class TestRace:
    def test_rounds_of_everybody(self, fake: Callable[..., Contestant]) -> None:
        outcome, ticks = Outcome(), []
        settings = contestants(VIDEO, ["litert"], ["exact"], reference=True)
        race(
            settings,
            lambda setting: [fake(ms=4.0 if setting.of_reference else 2.0)],
            3,
            lambda: ticks.append(1),
            outcome,
        )
        theirs, ours = outcome.cells
        assert reference_of(ours, outcome.cells) is theirs
        assert ours.speedups(theirs) == [2.0, 2.0, 2.0]
        assert (ours.wall_ms, ours.per_second, ours.cpu_ms, ours.poses) == (2.0, 500.0, 1.5, 1.0)
        assert (ours.memory_mib, ours.threads, ours.version) == (10.5, 2, "1")
        assert [done.calls for done in ours.rounds] == [15, 15, 15]
        assert len(ticks) == 6

    @pytest.mark.parametrize(
        ("mode", "fails", "told"),
        [
            ("image", "start", "status 1: cannot be loaded"),
            ("image", "error", "ValueError: no"),
            ("image", "crash", "status 3"),
            ("start", "start", "status 1: cannot be loaded"),  # a process that is asked once only
        ],
    )
    def test_who_fails_is_named_and_harms_nobody(
        self, fake: Callable[..., Contestant], mode: str, fails: str, told: str
    ) -> None:
        outcome, ticks = Outcome(), []
        settings = contestants(
            Setting(mode=mode, model="lite"), ["litert", "openvino"], ["exact"], reference=False
        )

        def start(setting: Setting) -> list[Contestant]:
            return [fake(fails=fails if setting.engine == "litert" else "")]

        race(settings, start, 3, lambda: ticks.append(1), outcome)
        assert [cell.setting.engine for cell in outcome.cells] == ["openvino"]
        assert len(outcome.cells[0].rounds) == 3
        assert told in outcome.failures[settings[0].key]
        assert len(ticks) == 6

    @pytest.mark.parametrize("mode", ["image", "start"])
    def test_a_precision_that_the_machine_has_not(self, fake: Callable[..., Contestant], mode: str) -> None:
        outcome = Outcome()
        settings = contestants(
            Setting(mode=mode, model="lite"), ["litert"], ["exact", "fast"], reference=False
        )
        race(settings, lambda _: [fake()], 1, lambda: None, outcome)
        assert [cell.setting.precision for cell in outcome.cells] == ["exact"]
        assert outcome.skipped == {settings[1].key: "on this machine the precision is 'exact'"}
        assert not outcome.failures

    def test_start_counts_the_whole_process(self, fake: Callable[..., Contestant]) -> None:
        outcome = Outcome()
        settings = contestants(Setting(mode="start", model="lite"), ["litert"], ["exact"], reference=True)
        race(settings, lambda _: [fake()], 2, lambda: None, outcome)
        assert [len(cell.rounds) for cell in outcome.cells] == [2, 2]
        assert outcome.cells[0].wall_ms > 2.0
        assert outcome.cells[0].cpu_ms == 40.0

    def test_several_side_by_side(self, fake: Callable[..., Contestant]) -> None:
        outcome = Outcome()
        settings = contestants(Setting(mode="videos", model="lite"), ["litert"], ["exact"], reference=True)
        race(settings, lambda s: [fake() for _ in range(1 + s.of_reference)], 2, lambda: None, outcome)
        theirs, ours = outcome.cells
        assert (theirs.memory_mib, ours.memory_mib) == (21.0, 10.5)
        assert [done.calls for done in theirs.rounds] == [2, 2]

    @pytest.mark.parametrize("mode", ["image", "start"])
    def test_interrupted(self, fake: Callable[..., Contestant], mode: str) -> None:
        outcome, ticks = Outcome(), []

        def tick() -> None:
            ticks.append(1)
            if len(ticks) == 5:  # in the midst of the third round
                raise KeyboardInterrupt

        settings = contestants(Setting(mode=mode, model="lite"), ["litert"], ["exact"], reference=True)
        with pytest.raises(KeyboardInterrupt):
            race(settings, lambda _: [fake()], 9, tick, outcome)
        assert [len(cell.rounds) for cell in outcome.cells] == [2, 2]

    def test_hanging_process_is_ended(
        self, fake: Callable[..., Contestant], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pose_landmarker.bench.contestant.PATIENCE_S", 1.5)
        with fake(fails="hangs") as contestant:
            contestant.wait_until_ready()
            with pytest.raises(ContestantError, match=r"no answer within 1\.5 s"):
                contestant.run(1)

    def test_nothing_to_read(self) -> None:
        crew: Any = SimpleNamespace(begin=lambda _: None, finish=lambda: {"poses": [], "cpu_ms": 0})
        with pytest.raises(ContestantError, match="not one frame"):
            run_together([crew])

    def test_percentiles(self) -> None:
        assert [percentile([4.0, 1.0, 3.0, 2.0], percent) for percent in (0, 50, 90, 100)] == [1, 2.5, 3.7, 4]
        assert percentile([7.0], 99) == 7


class TestWorker:
    @pytest.fixture
    def answers(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[dict[str, Any], str], list[dict[str, Any]]]:
        """What the worker answers to a specification and to lines of numbers, in this process."""

        def ask(spec: dict[str, Any], lines: str) -> list[dict[str, Any]]:
            said: list[dict[str, Any]] = []
            monkeypatch.setattr(worker, "_private_output", lambda: said.append)
            monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
            worker.main([json.dumps(spec)])
            return said

        return ask

    @pytest.fixture
    def spec(self, tmp_path: Path) -> dict[str, Any]:
        path = tmp_path / "frames.raw"
        path.write_bytes(bytes(range(3)) * (4 * 5) + bytes(3 * 4 * 5))
        spec = {"mode": "video", "model": "m.task", "num_poses": 1, "masks": True, "threads": 1, "fps": 30}
        return {**spec, "frames": str(path), "shape": [2, 4, 5, 3], "precision": "exact", "engine": "litert"}

    def test_frames_go_to_and_fro(self, spec: dict[str, Any]) -> None:
        frames = worker.Frames(spec["frames"], spec["shape"])
        assert frames[0].shape == (4, 5, 3)
        assert [frames[number][0, 0].tolist() for number in range(4)] == [[0, 1, 2], [0, 0, 0]] * 2
        assert worker.Frames(spec["frames"], [1, 4, 5, 3])[5][0, 0].tolist() == [0, 1, 2]

    @pytest.mark.parametrize("mode", ["image", "video"])
    def test_ours(
        self, spec: dict[str, Any], mode: str, answers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Any] = []

        def detect(pixels: Any, *time_ms: int) -> Any:
            seen.append((pixels.shape, time_ms))
            return SimpleNamespace(segmentation_masks=None, pose_landmarks=[1, 2])

        made = SimpleNamespace(
            engine="litert", precision="exact", threads=1, detect=detect, detect_for_video=detect
        )
        monkeypatch.setattr("pose_landmarker.PoseLandmarker.create", lambda *_a, **_o: made)
        ready, first, second = answers({**spec, "mode": mode}, "2\n1\n")
        assert ready["ready"]["engine"] == "litert"
        assert (first["poses"], second["poses"]) == ([2, 2], [2])
        assert len(first["wall_ms"]) == 2
        assert first["memory_mib"] is None or first["memory_mib"] > 1
        times = [(0,), (33,), (67,)] if mode == "video" else [()] * 3
        assert seen == [((4, 5, 3), time) for time in times]

    def test_a_precision_that_the_engine_has_not(
        self, spec: dict[str, Any], answers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_a: Any, **_o: Any) -> None:
            raise OptionError("not with this engine")

        monkeypatch.setattr("pose_landmarker.PoseLandmarker.create", refuse)
        (ready,) = answers({**spec, "precision": "fast"}, "")
        assert (ready["ready"]["precision"], ready["ready"]["why"]) == (None, "not with this engine")
        assert answers(spec, "") == [{"error": "OptionError: not with this engine"}]

    @pytest.mark.parametrize("mode", ["pictures", "videos"])
    def test_many_files(
        self, spec: dict[str, Any], mode: str, answers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def process(sources: Sequence[str], model: str, **options: Any) -> Any:
            assert options.get("in_order") is (False if mode == "videos" else None)
            found = SimpleNamespace(pose_landmarks=[1])
            return [SimpleNamespace(error=None, result=found) for _ in sources] + (
                [SimpleNamespace(error=ValueError("broken"), result=None)] if "bad" in sources else []
            )

        made = SimpleNamespace(engine="litert", precision="exact", threads=1, close=lambda: None)
        monkeypatch.setattr("pose_landmarker.PoseLandmarker.create", lambda *_a, **_o: made)
        monkeypatch.setattr("pose_landmarker.process", process, raising=False)
        _, done = answers({**spec, "mode": mode, "files": ["a", "b"]}, "1\n")
        assert (done["poses"], done["wall_ms"]) == ([1, 1], [])
        assert answers({**spec, "mode": mode, "files": ["bad"]}, "1\n")[-1] == {"error": "ValueError: broken"}

    @pytest.mark.parametrize("mode", ["image", "video", "pictures", "videos"])
    def test_the_reference(
        self, spec: dict[str, Any], mode: str, answers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A stand-in with the few names that are used of it; whether they are its own, a slow test says."""
        times: list[int] = []

        def detect(_picture: Any, *time_ms: int) -> Any:
            times.extend(time_ms)
            return SimpleNamespace(
                pose_landmarks=[1], segmentation_masks=[SimpleNamespace(numpy_view=lambda: None)]
            )

        made = SimpleNamespace(detect=detect, detect_for_video=detect)
        vision = SimpleNamespace(
            PoseLandmarker=SimpleNamespace(create_from_options=lambda _: made),
            PoseLandmarkerOptions=SimpleNamespace,
            RunningMode=SimpleNamespace(IMAGE=1, VIDEO=2),
        )
        make = SimpleNamespace(SRGB=1)
        members = {"create_from_file": staticmethod(str), "__init__": lambda self, **_: None}
        fake_image = type("Image", (), members)
        mp = SimpleNamespace(__version__="1.2.2", Image=fake_image, ImageFormat=make, tasks=None)
        python = SimpleNamespace(BaseOptions=SimpleNamespace, vision=vision)
        for name, module in (
            ("mediapipe", mp),
            ("mediapipe.tasks", SimpleNamespace(python=python)),
            ("mediapipe.tasks.python", python),
        ):
            monkeypatch.setitem(sys.modules, name, module)
        files = [str(write_clip(tmp_path / f"{name}.mp4", 3, rate=10)) for name in "ab"]
        spec |= {"engine": "mediapipe", "mode": mode, "files": files, "fps": 10}
        ready, done = answers(spec, "2\n")
        assert ready["ready"]["version"] == "1.2.2"
        assert done["poses"] == [1] * (6 if mode == "videos" else 2)
        assert times == {"video": [0, 100], "videos": [0, 100, 200, 400, 500, 600]}.get(mode, [])

    def test_as_a_script(self, spec: dict[str, Any]) -> None:
        with (
            Contestant(sys.executable, {**spec, "model": "missing.task"}) as contestant,
            pytest.raises(ContestantError, match=r"ModelNotFoundError.*missing\.task"),
        ):
            contestant.wait_until_ready()


class TestLimit:
    @pytest.mark.parametrize(
        ("model", "landmarks"),
        [("lite", 166_364_928), ("full", 351_349_120), ("heavy", 1_890_290_816)],
    )
    def test_multiplications(self, model_file: Callable[[str], Path], model: str, landmarks: int) -> None:
        bundle = read_bundle(model_file(model))
        found = of_bundle(bundle)
        assert found["landmarks"] == landmarks
        assert found["detector"] == 386_507_296
        assert multiplications(bundle.detector) == 429_859_360  # before it is rewritten
        assert found["landmarks_masks"] > landmarks

    def test_damaged_network(self, model_file: Callable[[str], Path]) -> None:
        network = bytearray(read_bundle(model_file("lite")).detector)
        for place in range(0, 4000, 40):
            network[place + 8] ^= 0xFF
        with pytest.raises(BundleError):
            multiplications(bytes(network))

    def test_peaks_are_rates(self) -> None:
        peaks = measure_peaks(sys.executable, [1], side=64, seconds=0.01)
        assert peaks
        assert all(0 < found.per_second < 1e16 for found in peaks)
        assert {found.threads for found in peaks} == {1}

    def test_what_does_not_work_is_left_out(self, tmp_path: Path) -> None:
        assert measure_peaks(str(tmp_path / "no-python"), [1]) == []

    def test_bfloat16_only_where_the_processor_has_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(peak, "find_spec", lambda _: object())
        monkeypatch.setattr(peak, "cpu_features", lambda: ("avx2", "avx512_bf16"))
        assert peak._ways() == {"f32": ["numpy", "openvino-f32"], "bf16": ["openvino-bf16"]}
        monkeypatch.setattr(peak, "cpu_features", lambda: ("avx2",))
        assert peak._ways() == {"f32": ["numpy", "openvino-f32"]}

    def test_matrix_products(self) -> None:
        found = matmul.main(["numpy", "1", "32", "0.01"])
        assert found["per_second"] > 0
        assert (found["by"], found["side"]) == ("numpy", 32)

    @needs_openvino
    def test_matrix_products_by_openvino(self) -> None:
        found = matmul.main(["openvino-f32", "1", "32", "0.01"])
        assert found["per_second"] > 0
        assert found["by"] == "OpenVINO"

    def test_peak_of_a_setting(self) -> None:
        one, two = Peak("f32", 1, 100e9, "numpy"), Peak("f32", 2, 90e9, "numpy")
        fast = Peak("bf16", 2, 200e9, "OpenVINO")
        exact = Setting(mode="video", model="lite", engine="openvino")
        assert peak_for(exact, 1, [one, two, fast]) is one
        assert peak_for(exact, 2, [one, two, fast]) is one  # two threads were no quicker
        ours = Setting(mode="video", model="lite", engine="openvino", precision="fast")
        assert peak_for(ours, 2, [one, two, fast]) is fast
        assert peak_for(ours, 2, [one]) is one
        assert peak_for(exact, 1, []) is None


class TestEnvironments:
    def test_room_of_a_package(self) -> None:
        found = footprint.footprint("tqdm", ())
        assert (found["packages"] or 0) >= 1
        assert 50_000 < (found["files"] or 0) < 5_000_000
        assert footprint.footprint("no-such-package", ()) == {"files": 0, "on_disk": 0, "packages": 0}

    def test_dependencies_count(self) -> None:
        core, more = (
            footprint._closure("pose-landmarker", ()),
            footprint._closure("pose-landmarker", ["video"]),
        )
        assert {"pose-landmarker", "numpy", "pillow"} <= core
        assert "av" not in core
        assert "av" in more

    def test_by_another_interpreter(self, tmp_path: Path) -> None:
        found = environments.installed_mib(sys.executable, "tqdm")
        assert found
        assert 0.05 < found["files"] < 5
        assert environments.installed_mib(sys.executable, "no-such-package") is None
        assert environments.installed_mib(str(tmp_path / "no-python"), "tqdm") is None

    def test_foreign_folder_is_left_alone(self, tmp_path: Path) -> None:
        place = tmp_path / "mediapipe-1.2.2"
        place.mkdir()
        (place / "thesis.txt").write_text("years of work")
        with pytest.raises(environments.EnvironmentMakingError, match="is no environment; remove it"):
            environments.reference_python(tmp_path)
        assert (place / "thesis.txt").exists()

    def test_pip_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        done = SimpleNamespace(returncode=1, stdout="", stderr="Looking...\nERROR: no such release\n")
        monkeypatch.setattr("venv.create", lambda *_a, **_o: None)
        monkeypatch.setattr("subprocess.run", lambda *_a, **_o: done)
        with pytest.raises(environments.EnvironmentMakingError, match="ERROR: no such release"):
            environments.reference_python(tmp_path)

    def test_what_is_there_is_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        done = SimpleNamespace(returncode=0, stdout="1.2.2\n")
        monkeypatch.setattr("subprocess.run", lambda *_a, **_o: done)
        assert Path(environments.reference_python(tmp_path)).parts[-3] == "mediapipe-1.2.2"
