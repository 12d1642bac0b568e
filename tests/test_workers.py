"""Jobs on every core: results in order, settings restored."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from labutils.workers import map_in_order

CPU = torch.device("cpu")


def test_results_come_in_the_order_of_the_jobs():
    def slow_first(job: int) -> int:
        time.sleep(0.05 if job == 0 else 0)
        return job * 10

    assert list(map_in_order(slow_first, range(6), CPU)) == [0, 10, 20, 30, 40, 50]


def test_jobs_are_drawn_only_as_results_are_taken():
    drawn = []

    def jobs():
        for job in range(1000):
            drawn.append(job)
            yield job

    next(map_in_order(lambda job: job, jobs(), CPU))
    assert len(drawn) <= 2 * torch.get_num_threads()


@pytest.mark.parametrize("fail", [False, True], ids=["after success", "after an error"])
def test_the_number_of_threads_is_restored(fail):
    before = torch.get_num_threads()
    try:
        list(map_in_order(lambda job: 1 // job, [0 if fail else 1], CPU))
    except ZeroDivisionError:
        pass
    assert torch.get_num_threads() == before


def test_threads_yet_to_come_compute_on_all_cores_too():
    before = torch.get_num_threads()
    list(map_in_order(lambda job: job, range(4), CPU))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before


def test_an_error_in_a_job_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(map_in_order(lambda job: 1 // job, [1, 0, 1], CPU))


def test_on_a_gpu_the_jobs_follow_each_other():
    assert list(map_in_order(lambda job: job + 1, range(3), torch.device("cuda"))) == [1, 2, 3]
