"""Scores into nbgrader's gradebook, and out of it."""

import warnings

from nbgrader.api import Grade, Gradebook, MissingEntry
from sqlalchemy.exc import SAWarning

from grading.settings import database


def open_gradebook() -> Gradebook:
    """The course's gradebook; close it after use."""
    return Gradebook(database())


def enter(gradebook: Gradebook, record: dict, untouched: list[str], other_text: bool) -> None:
    """Write one submission's automatic scores; what a person has entered stays.

    An answer that was not tried has no score, rather than 0. A written answer has none before a
    person gives one; one that was left as it was handed out is worth 0, unless text stands
    elsewhere.
    """
    assignment, student = record["assignment"], record["student"]
    with warnings.catch_warnings(action="ignore", category=SAWarning):  # of nbgrader's own doing
        gradebook.update_or_create_student(student)
        gradebook.update_or_create_submission(assignment, student)
    submitted = gradebook.find_submission_notebook(assignment, assignment, student)
    for grade in submitted.grades:
        if grade.name in record["answers"]:
            grade.auto_score = record["answers"][grade.name]["points"]
        else:
            empty = grade.name in untouched and not other_text
            grade.auto_score = 0.0 if empty else None
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
    for comment in submitted.comments:
        comment.auto_comment = "No response." if comment.name in untouched else None
    gradebook.db.commit()


def grade_of(gradebook: Gradebook, record: dict, name: str) -> Grade | None:
    """One cell's entry, or None."""
    try:
        return gradebook.find_grade(name, record["assignment"], record["assignment"],
                                    record["student"])
    except MissingEntry:
        return None
