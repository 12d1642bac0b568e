"""Jobs on every core: results in order, settings restored."""

import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from labutils.engine.threads import map_in_order, workers


def test_results_come_in_the_order_of_the_jobs():
    def slow_first(job: int) -> int:
        time.sleep(0.05 if job == 0 else 0)
        return job * 10

    assert list(map_in_order(slow_first, range(6), 2)) == [0, 10, 20, 30, 40, 50]


def test_jobs_are_drawn_only_as_results_are_taken():
    drawn = []

    def jobs():
        for job in range(1000):
            drawn.append(job)
            yield job

    next(map_in_order(lambda job: job, jobs(), 2))
    assert len(drawn) <= 4


@pytest.mark.parametrize("fail", [False, True], ids=["after success", "after an error"])
def test_the_number_of_threads_is_restored(fail):
    before = torch.get_num_threads()
    try:
        list(map_in_order(lambda job: 1 // job, [0 if fail else 1], 2))
    except ZeroDivisionError:
        pass
    assert torch.get_num_threads() == before


def test_threads_yet_to_come_compute_on_all_cores_too():
    before = torch.get_num_threads()
    list(map_in_order(lambda job: job, range(4), 2))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before


def test_an_error_in_a_job_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(map_in_order(lambda job: 1 // job, [1, 0, 1], 2))


def test_on_a_gpu_the_jobs_follow_each_other():
    count = workers(torch.device("cuda"))
    assert count == 1 and list(map_in_order(lambda job: job + 1, range(3), count)) == [1, 2, 3]


def test_jobs_may_themselves_share_out_jobs():
    def outer(job: int) -> int:
        # What is asked inside a worker finds one core.
        return sum(map_in_order(lambda inner: inner, range(job), workers(torch.device("cpu"))))

    assert list(map_in_order(outer, range(5), 2)) == [0, 0, 1, 3, 6]


def test_the_threads_are_kept_from_call_to_call():
    def names() -> set[str]:
        barrier = threading.Barrier(2)

        def job(_: int) -> str:
            barrier.wait(10)
            return threading.current_thread().name

        return set(map_in_order(job, range(2), 2))

    assert names() == names()


def test_whoever_stops_early_leaves_nothing_running():
    running = []

    def job(number: int) -> None:
        running.append(number)
        time.sleep(0.05)
        running.remove(number)

    results = map_in_order(job, range(100), 2)
    next(results)
    results.close()
    assert not running


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_gets_threads_of_its_own():
    list(map_in_order(str, range(4), 2))  # the parent's threads exist
    context = multiprocessing.get_context("fork")
    child = context.Process(target=lambda: list(map_in_order(str, range(4), 2)))
    child.start()
    child.join(30)
    finished = not child.is_alive()
    child.kill()
    assert finished and child.exitcode == 0


def test_a_suspended_run_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    results = map_in_order(lambda job: job, range(100), 2)
    next(results)
    assert torch.get_num_threads() == before
