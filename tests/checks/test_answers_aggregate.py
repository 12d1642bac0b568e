"""Answers to the exercise on aggregations are judged rightly."""

from answers.judging import assert_judged_rightly, each_answer


@each_answer("aggregate")
def test_an_answer_is_judged_rightly(answer, pytestconfig):
    assert_judged_rightly("aggregate", answer, pytestconfig)
