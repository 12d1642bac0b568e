"""Right answers to the homework pass."""

from answers import smoothgrad_right
from answers.judging import assert_judged_rightly, each_answer


@each_answer("smoothgrad", smoothgrad_right)
def test_a_right_answer_passes(answer, pytestconfig):
    assert_judged_rightly("smoothgrad", answer, pytestconfig)
