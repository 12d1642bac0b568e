"""Answers to the exercise on preprocessing are judged rightly."""

from answers.judging import assert_judged_rightly, each_answer


@each_answer("preprocess")
def test_an_answer_is_judged_rightly(answer, pytestconfig):
    assert_judged_rightly("preprocess", answer, pytestconfig)
