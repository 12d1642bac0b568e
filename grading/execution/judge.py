"""Give points for what came out of a room; no student code runs here.

    python -m grading.execution.judge HOMEWORK TASKS RESULTS

Prints JSON: for each answer what was found, said and earned.
"""

import io
import json
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from grading.execution.tasks import Answer, Returned, module_of

MOST_BYTES = 64 << 20  # of one frame, as it is packed and unpacked
# What says that an answer could not be tried, rather than that it is wrong.
UNTRIED = ("NameError", "ImportError", "ModuleNotFoundError", "TimeIsUp")


def frames(path: Path) -> Iterator[dict[str, np.ndarray]]:
    """The frames of a results file, as far as they can be read."""
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            (size,) = struct.unpack(">Q", head)
            if size > MOST_BYTES:
                return
            try:
                yield unpacked(file.read(size))
            except Exception:  # student code may have written anything
                continue


def unpacked(packed: bytes) -> dict[str, np.ndarray]:
    """One frame's arrays.

    Raises:
        ValueError: it is larger than a result may be, or no frame at all.
    """
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            raise ValueError("too large")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def judge(name: str, answer: Answer, told: list[dict], expected: dict, calls: int) -> dict:
    """One answer's statements and points, or why it is open.

    Returns:
        "points" is None where nothing was tried or not everything could be.
    """
    found = {"function": "", "said": "", "errors": [], "statements": [], "points": None,
             "open": "", "given": ""}
    returned: dict[int, Returned] = {}
    begun = 0
    for frame in told:
        if "function" in frame:
            found["function"] = str(frame["function"])[:100]
        elif "said" in frame:
            found["said"] = str(frame["said"])
        elif is_number(frame.get("begun")):
            begun = int(frame["begun"]) + 1
        elif is_number(frame.get("call")):
            value = frame.get("value")
            returned[int(frame["call"])] = Returned(
                value if value is not None and value.dtype.kind in "fiub" else None,
                str(frame.get("error", "")), bool(np.any(frame.get("changed", False))))
    found["errors"] = list(dict.fromkeys(one.error for one in returned.values() if one.error))
    untried = [error for error in found["errors"] if error.startswith(UNTRIED)]
    if not found["function"]:
        found["open"] = f"no function {answer.function} was found"
    elif untried:
        found["open"] = untried[0]
    elif len(returned) < calls:
        found["open"] = f"the room was closed in call {begun} of {calls}"
    if found["open"]:
        return found
    results = [returned[number] for number in range(calls)]
    for one in answer.judge(results, expected):
        found["statements"].append([one.words, one.points, bool(one.holds)])
    found["points"] = float(sum(worth for _, worth, holds in found["statements"] if holds))
    found["given"] = answer.given(results, expected)
    return found


def is_number(array: np.ndarray | None) -> bool:
    """A whole number, as inside.py writes it? Student code may have written another."""
    return array is not None and array.shape == () and array.dtype.kind in "iu"


def main(homework: str, tasks: Path, results: Path) -> None:
    """Judge one submission."""
    told = list(frames(results))
    given = json.loads((tasks / "given" / "calls.json").read_text("utf-8"))
    answers = {}
    for name, answer in module_of(homework).ANSWERS.items():
        with np.load(tasks / "expected" / f"{name}.npz", allow_pickle=False) as arrays:
            expected = {key: arrays[key] for key in arrays.files}
        own = [frame for frame in told if str(frame.get("answer", "")) == name]
        answers[name] = judge(name, answer, own, expected, len(given[name]["calls"]))
    stops = [[int(frame["cell"]), str(frame["error"])] for frame in told
             if is_number(frame.get("cell")) and "error" in frame]
    print(json.dumps({"answers": answers, "stops": stops[:20],
                      "ended": any("end" in frame for frame in told)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
