"""Answers to the exercise on noise sources are judged rightly."""

from answers.judging import assert_judged_rightly, each_answer

from labutils.checks import noise_source


@each_answer("noise_source")
def test_an_answer_is_judged_rightly(answer, pytestconfig, monkeypatch):
    monkeypatch.setattr(noise_source, "MOST_SECONDS", 60)  # whatever else the machine has to do
    assert_judged_rightly("noise_source", answer, pytestconfig)
