"""Print how often each answer is judged rightly.

    cd tests/checks && PYTHONPATH=../.. python -m answers.table [NUMBER_OF_SEEDS]
"""

import sys

from answers.judging import TASKS, judge


def main() -> None:
    seeds = range(int(sys.argv[1]) if sys.argv[1:] else 2)
    for task, (_, answers) in TASKS.items():
        for answer in answers.all:
            right = sum(map(answer.is_judged_rightly, judge(task, answer, seeds)))
            print(f"{task:13s} {answer.name:40s} {answer.code or 'passes':26s} "
                  f"right in {right} of {len(seeds)} seeds", flush=True)


if __name__ == "__main__":
    main()
