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

MOST_BYTES = 64 << 20  # of all frames together; inside.py lets no file become larger
MOST_TEXT, MOST_ERRORS = 4000, 20  # characters of one text; errors of one answer
# What says that an answer could not be tried, rather than that it is wrong.
UNTRIED = ("NameError", "ImportError", "ModuleNotFoundError", "TimeIsUp")


def frames(path: Path) -> Iterator[dict[str, np.ndarray]]:
    """The frames of a results file, as far as they can be read."""
    with path.open("rb") as file:
        packed = io.BytesIO(file.read(MOST_BYTES))
    while len(head := packed.read(8)) == 8:
        try:
            yield unpacked(packed.read(*struct.unpack(">Q", head)))
        except Exception:  # student code may have written anything
            continue


def unpacked(packed: bytes) -> dict[str, np.ndarray]:
    """One frame's arrays: numbers and texts, as they lie in the file.

    Raises:
        ValueError: it is no frame, or would be larger than it is now.
    """
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()) or sum(
                member.file_size for member in archive.infolist()) > len(packed):
            raise ValueError("a frame that becomes larger")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        frame = {name: arrays[name] for name in arrays.files}
    if any(array.size > len(packed) for array in frame.values()):  # of nothing, many times
        raise ValueError("larger than the frame")
    return frame


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
            found["function"] = in_words(frame["function"])
        elif "said" in frame:
            found["said"] = str(frame["said"])[:MOST_TEXT]
        elif is_number(frame.get("begun")):
            begun = int(frame["begun"]) + 1
        elif is_number(frame.get("call")) and int(frame["call"]) in range(calls):
            value = frame.get("value")
            returned[int(frame["call"])] = Returned(
                value if value is not None and value.dtype.kind in "fiub" else None,
                in_words(frame.get("error", "")), bool(np.any(frame.get("changed", False))))
    errors = list(dict.fromkeys(one.error for one in returned.values() if one.error))
    found["errors"] = errors[:MOST_ERRORS]
    untried = [error for error in errors if error.startswith(UNTRIED)]
    if not found["function"]:
        found["open"] = f"no function {answer.function} was found"
    elif untried:
        found["open"] = untried[0]
    elif len(returned) < calls:
        found["open"] = f"the room was closed in call {begun} of {calls}"
    if found["open"]:
        return found
    results = [returned[number] for number in range(calls)]
    try:
        statements, given = list(answer.judge(results, expected)), answer.given(results, expected)
    except Exception as error:  # of numbers that nobody has thought of
        return found | {"open": f"the judge was stopped by {in_words(repr(error))}"}
    return found | {
        "statements": [[one.words, one.points, bool(one.holds)] for one in statements],
        "points": float(sum(one.points for one in statements if one.holds)), "given": given}


def in_words(text: object) -> str:
    """A text that student code may have made, as one line of bearable length."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)[
        :MOST_TEXT]).split())


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
    stops = [[int(frame["cell"]), in_words(frame["error"])] for frame in told
             if is_number(frame.get("cell")) and "error" in frame]
    print(json.dumps({"answers": answers, "stops": stops[:20],
                      "ended": any("end" in frame for frame in told)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
