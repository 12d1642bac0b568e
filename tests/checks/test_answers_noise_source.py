"""Answers to the exercise on noise sources are judged rightly."""

from answers.judging import assert_judged_rightly, each_answer


@each_answer("noise_source")
def test_an_answer_is_judged_rightly(answer, pytestconfig):
    assert_judged_rightly("noise_source", answer, pytestconfig)
