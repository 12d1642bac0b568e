"""A model is run by one thread at a time."""

import threading
import time

from labutils.engine.lending import Lender
from labutils.engine.threads import map_in_order


def test_a_model_is_lent_to_one_job_at_a_time(tiny_model):
    lender, busy, seen = Lender(tiny_model, 2), set(), set()

    def job(_: int) -> bool:
        with lender.lend() as model:
            seen.add(id(model))
            alone = id(model) not in busy
            busy.add(id(model))
            time.sleep(0.005)
            busy.discard(id(model))
            return alone

    assert all(map_in_order(job, range(20), 2)) and len(seen) == 2


def test_a_lent_copy_shares_the_parameters(tiny_model):
    lender = Lender(tiny_model, 2)
    with lender.lend() as one, lender.lend() as two:
        assert one is not two
        assert all(a is b for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_a_model_with_hooks_is_lent_alone(tiny_model):
    tiny_model.register_forward_hook(lambda *args: None)
    assert Lender(tiny_model, 2).count == 1


def test_a_model_that_cannot_be_copied_is_lent_alone(tiny_model):
    tiny_model.lock = threading.Lock()
    assert Lender(tiny_model, 2).count == 1
