"""Busyness of the machine during a benchmark: which processes are its own, and what the kernel's counters mean."""

from __future__ import annotations

from time import process_time

import pytest
from busyness import Busyness, CpuTimes, Observer, busyness, is_own, parse_cpu_times

STAT = "cpu  100 20 30 1000 7 3 2 50 0 0\ncpu0 50 10 15 500 3 1 1 25 0 0\n"


def test_steal_idle_and_waiting_for_disks_are_not_busy() -> None:
    assert parse_cpu_times(STAT, ticks_per_second=10) == CpuTimes(busy=15.5, steal=5.0)


@pytest.mark.parametrize(
    ("environment", "own"),
    [
        pytest.param(b"PATH=/bin\0BENCH=7\0", True, id="a process that inherited the mark"),
        pytest.param(b"PATH=/bin\0BENCH=8\0", False, id="a process of another run of the benchmark"),
        pytest.param(b"PROCESS_OPERATOR_CLUSTER=/cache/clusters/bench-burst\0", True, id="a cluster of the benchmark"),
        pytest.param(b"PROCESS_OPERATOR_CLUSTER=/cache/clusters/test-2\0", False, id="a cluster of the tests"),
        pytest.param(b"PATH=/bench-\0", False, id="another program"),
        pytest.param(b"", False, id="a thread of the kernel"),
    ],
)
def test_own_processes(environment: bytes, *, own: bool) -> None:
    assert is_own(environment, b"BENCH=7") is own


def test_what_is_busy_and_not_of_the_benchmark_is_of_other_programs() -> None:
    found = busyness(CpuTimes(100, 5), CpuTimes(115, 7), own=5, seconds=10, load=3.5)
    assert found == Busyness(load=3.5, steal=0.2, others=1.0, own=0.5)
    assert str(found) == "load 3.5, steal 0.20, other programs 1.00, own 0.50 cores"


def test_counters_that_lag_behind_give_no_negative_share() -> None:
    assert busyness(CpuTimes(100, 5), CpuTimes(101, 5), own=2, seconds=10, load=0).others == 0


def test_the_own_process_is_observed() -> None:
    observer = Observer()
    _spend()
    found = observer.result()
    assert found.own > 0
    assert found.load >= 0


def _spend() -> None:
    began = process_time()
    while process_time() - began < 0.1:
        pass
