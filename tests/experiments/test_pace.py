"""The line that tells how far a grid is."""

from __future__ import annotations

from chorus.experiments.conduct import Progress
from chorus.experiments.pace import Pace


def _progress(done: int, failed: int = 0, running: int = 0, total: int = 90) -> Progress:
    return Progress(total, done, failed, running, total - done - failed - running, new=[])


def test_speed_and_time_left_count_what_ended_since_the_start():
    pace = Pace("ood.f1", now=100.0)
    assert pace.line(_progress(30), now=100.0) == "30/90 done"
    assert pace.line(_progress(30, running=2), now=130.0) == "30/90 done, 2 running"
    # ten ended in two minutes, fifty are left
    assert pace.line(_progress(38, failed=2, running=2), now=220.0) == (
        "38/90 done, 2 failed, 2 running, 5.0 runs/min, 10:00 min left"
    )
    assert (
        pace.line(_progress(88, failed=2), now=820.0)
        == "88/90 done, 2 failed, 5.0 runs/min, took 12:00 min"
    )


def test_the_best_run_so_far_is_named():
    pace = Pace("ood.f1", now=0.0)
    for name, value in (("run_1", 0.5), ("run_2", 0.75), ("run_3", 0.6), ("run_4", None)):
        pace.result(name, value)
    assert pace.line(_progress(4), now=1.0) == "4/90 done, best ood.f1 0.750 (run_2)"


def test_the_best_run_of_an_error_is_the_one_with_the_least():
    pace = Pace("folds.rmse", now=0.0)
    for name, value in (("run_1", 2.0), ("run_2", 3.0)):
        pace.result(name, value)
    assert pace.line(_progress(2), now=1.0).endswith("best folds.rmse 2.000 (run_1)")
