"""What is made of the gradients is judged rightly in the homework."""

from answers import smoothgrad_wrong_maps
from answers.judging import assert_judged_rightly, each_answer


@each_answer("smoothgrad", smoothgrad_wrong_maps)
def test_a_wrong_map_is_named(answer, pytestconfig):
    assert_judged_rightly("smoothgrad", answer, pytestconfig)
