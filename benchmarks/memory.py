"""Peak memory of SmoothGrad against n, for every aggregation; ``python -m benchmarks.memory``."""

import re
import resource
import subprocess
import sys
from pathlib import Path

from tqdm.auto import tqdm

from labutils.aggregations import AGGREGATIONS

COUNTS = (10, 1000)


def smooth_one_picture(n: int, aggregate: str) -> float:
    """Smooth one picture in this process, and tell the process's peak in MiB.

    With n = 0 nothing is smoothed: PyTorch, the picture and the network alone.
    """
    from labutils.network import load_squeezenet
    from labutils.pictures import load_pictures
    from labutils.smoothgrad import smoothgrad

    pictures, model = load_pictures(num=1), load_squeezenet()
    if n:
        smoothgrad(pictures.X, pictures.y, model, n=n, seed=0, aggregate=aggregate)
    return peak_mib()


def peak_mib() -> float:
    """Peak resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # On Linux getrusage still counts the parent's memory from before.
        return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def peak_memory(n: int, aggregate: str) -> float:
    """The same in a fresh process."""
    run = subprocess.run([sys.executable, "-m", "benchmarks.memory", str(n), aggregate],
                         capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def peak_memory_of_all() -> dict[str, dict[str, float]]:
    """Peak MiB of every aggregation at every count."""
    before = peak_memory(0, "mean")
    peaks = {name: {str(n): peak_memory(n, name) for n in COUNTS}
             for name in tqdm(AGGREGATIONS, desc="memory")}
    return {"nothing yet": {str(n): before for n in COUNTS}, **peaks}


def memory_table(peaks: dict[str, dict[str, float]]) -> list[str]:
    """The lines of a table in Markdown."""
    few, many = map(str, COUNTS)
    lines = [f"| peak memory, MiB | n = {few} | n = {many} | ratio |", "|---|---|---|---|"]
    return lines + [
        f"| {name} | {peak[few]:.0f} | {peak[many]:.0f} | {peak[many] / peak[few]:.2f} |"
        for name, peak in peaks.items()]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(smooth_one_picture(int(sys.argv[1]), sys.argv[2]))
    else:
        print("\n".join(memory_table(peak_memory_of_all())))
