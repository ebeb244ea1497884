"""CPU seconds of this process: other work on the machine does not count, only its crowding of the caches."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def cpu_s(function: Callable[[], Any], rounds: int = 3) -> float:
    """Median CPU seconds of a call, of all threads of this process."""
    spent = []
    for _ in range(rounds):
        started = time.process_time()
        function()
        spent.append(time.process_time() - started)
    return statistics.median(spent)
