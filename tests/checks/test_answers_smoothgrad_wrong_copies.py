"""What the network is shown, and how often, is judged rightly in the homework."""

from answers import smoothgrad_wrong_copies, smoothgrad_wrong_noise
from answers.judging import assert_judged_rightly, each_answer


@each_answer("smoothgrad", smoothgrad_wrong_copies, smoothgrad_wrong_noise)
def test_wrong_copies_are_named(answer, pytestconfig):
    assert_judged_rightly("smoothgrad", answer, pytestconfig)
