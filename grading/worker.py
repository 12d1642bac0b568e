"""One step of nbgrader in a process of its own.

    python -m grading.worker autograde ASSIGNMENT STUDENT
    python -m grading.worker feedback ASSIGNMENT STUDENT [ASSIGNMENT STUDENT …]
"""

import sys

from grading.course import nbgrader


def main(step: str, names: list[str]) -> int:
    """Run the step for each pair; nbgrader's log goes to stdout if it fails."""
    api, failed = nbgrader(), False
    run = api.autograde if step == "autograde" else api.generate_feedback
    for assignment, student in zip(names[::2], names[1::2], strict=True):
        result = run(assignment, student, force=True)
        if not result["success"]:
            failed = True
            print(f"{step} {assignment} {student} failed:", result.get("log", ""),
                  result.get("error", ""), sep="\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
