"""Scripts with decoding processes that end in all ways there are: nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pose_landmarker

_SCRIPT = """
import os, signal, sys, time
from multiprocessing import active_children
import numpy as np
from pose_landmarker import process
from pose_landmarker.engines.fake import FakeEngine, FakeNetwork
from tests.tiny import tiny_bundle

def endless():
    while True:
        yield np.zeros((48, 64, 3), np.uint8)

def engine():
    return FakeEngine([FakeNetwork((2254, 12), (2254, 1)), FakeNetwork()])

def run():
    options = {"engine": engine(), "min_pose_detection_confidence": 0.9}
    return process(endless(), tiny_bundle(), workers=2, processes=True, **options)
"""


def _start(tmp_path: Path, rest: str) -> subprocess.Popen[str]:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT + rest)
    paths = [str(Path(pose_landmarker.__file__).parents[1]), str(Path(__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _wait_until_gone(children: list[int], owner: int) -> None:
    """Processes and their shared memory; fails after a minute."""
    for _ in range(600):
        alive = [pid for pid in children if Path(f"/proc/{pid}").exists()]
        memory = list(Path("/dev/shm").glob(f"pose-{owner}-*"))
        if not alive and not memory:
            return
        time.sleep(0.1)
    raise AssertionError(f"left: processes {alive}, memory {memory}")


_COUNTING = """
if __name__ == "__main__":
    for done in run():
        if done.number == 5:
            print(*[child.pid for child in active_children()])
"""


def test_a_script_without_a_guard_is_told_what_to_do(tmp_path: Path) -> None:
    script = _start(tmp_path, "for done in run():\n    print(done)\n    break\n")
    out, err = script.communicate(timeout=120)
    assert script.returncode == 1
    assert out == ""
    assert err.count("Traceback") == 1
    assert 'below `if __name__ == "__main__":`' in err.splitlines()[-1]
    assert "resource_tracker" not in err


def test_ctrl_c_ends_everything_quietly(tmp_path: Path) -> None:
    script = _start(tmp_path, _COUNTING)
    assert script.stdout is not None
    children = [int(pid) for pid in script.stdout.readline().split()]
    os.killpg(script.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, err = script.communicate(timeout=120)
    assert len(children) == 2
    assert err.count("Traceback") == 1
    assert err.splitlines()[-1] == "KeyboardInterrupt"
    assert "resource_tracker" not in err
    _wait_until_gone(children, script.pid)


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    script = _start(tmp_path, _COUNTING)
    assert script.stdout is not None
    children = [int(pid) for pid in script.stdout.readline().split()]
    script.kill()
    script.communicate(timeout=120)
    _wait_until_gone(children, script.pid)


def test_an_iterator_that_is_never_closed_leaves_nothing(tmp_path: Path) -> None:
    script = _start(
        tmp_path,
        'if __name__ == "__main__":\n    results = run()\n    next(results)\n'
        "    print(*[child.pid for child in active_children()])\n    sys.exit(3)\n",
    )
    out, err = script.communicate(timeout=120)
    assert script.returncode == 3
    assert err == ""
    _wait_until_gone([int(pid) for pid in out.split()], script.pid)
