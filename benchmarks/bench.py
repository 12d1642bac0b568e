"""Side-by-side timings; run with ``make bench``.

Writes build/bench.json and build/bench.png and prints a table.
"""

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import matplotlib
import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from benchmarks.contenders import CONTENDERS, PLAIN_NETWORK, engine, engine_bfloat16
from benchmarks.floor import convolution_floor, multiply_adds, synchronise
from benchmarks.memory import memory_table, peak_memory_of_all
from labutils.engine.choices import precision_dtype
from labutils.network import load_squeezenet
from labutils.pictures import load_pictures

matplotlib.use("Agg")
BUILD = Path(__file__).resolve().parent.parent / "build"


def timings(n: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds a copy of every contender, interleaved so that all meet the same weather."""
    pictures, ours = load_pictures(num=1), load_squeezenet()
    x, label = pictures.X[0], int(pictures.y[0])
    plain = load_squeezenet(device=next(ours.parameters()).device).to(
        memory_format=torch.contiguous_format)
    contenders = {name: contender for name, contender in CONTENDERS.items()
                  if contender is not engine_bfloat16 or computes_bfloat16(ours)}
    results: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in tqdm(range(rounds + 1), desc="rounds"):
        for name, contender in contenders.items():
            model = plain if name in PLAIN_NETWORK else ours
            synchronise()
            start = time.perf_counter()
            contender(x, label, model, n)
            synchronise()
            if round_number:  # the first round warms up
                results[name].append((time.perf_counter() - start) / n * 1e3)
    return results


def computes_bfloat16(model: nn.Module) -> bool:
    """False where the engine refuses it, because this processor is slow in it."""
    try:
        precision_dtype("bfloat16", next(model.parameters()).device)
    except ValueError:
        return False
    return True


def linear_fit(sizes: list[int], seconds: list[float]) -> dict[str, float]:
    """Least squares of seconds on sizes: slope, intercept and R²."""
    slope, intercept = np.polyfit(sizes, seconds, 1)
    residual = np.array(seconds) - (slope * np.array(sizes) + intercept)
    r2 = 1 - residual.var() / np.var(seconds)
    return {"ms_per_unit": slope * 1e3, "offset_ms": intercept * 1e3, "r2": float(r2)}


def scaling(model: nn.Module) -> dict[str, dict]:
    """Time against the number of copies and against the number of pictures."""
    from labutils.smoothgrad import smoothgrad

    pictures = load_pictures(num=8)

    def seconds(count: int, n: int) -> float:
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            smoothgrad(pictures.X[:count], pictures.y[:count], model, n=n, seed=0)
            synchronise()
            runs.append(time.perf_counter() - start)
        return min(runs)

    copies, counts = [10, 20, 50, 100, 200], [1, 2, 4, 8]
    return {"copies": linear_fit(copies, [seconds(1, n) for n in copies]),
            "pictures": linear_fit(counts, [seconds(count, 20) for count in counts])}


def precision_error(model: nn.Module, n: int) -> dict[str, float]:
    """bfloat16 against float32 with the same noise, beside a change of seed."""
    from labutils.smoothgrad import smoothgrad

    pictures = load_pictures(num=1)
    x, label = pictures.X[0], int(pictures.y[0])
    full, half = engine(x, label, model, n), engine_bfloat16(x, label, model, n)
    other = smoothgrad(x[None], [label], model, n=n, seed=1)[0]
    return {
        "relative_l2": ((half - full).norm() / full.norm()).item(),
        "correlation": torch.corrcoef(torch.stack([half.flatten(), full.flatten()]))[0, 1].item(),
        "relative_l2_of_another_seed": ((other - full).norm() / full.norm()).item(),
    }


def report(results: dict) -> str:
    """The table, as text in Markdown."""
    lab = results["best_ms"]["the lab's loop"]
    captum = min(v for k, v in results["best_ms"].items() if k.startswith("captum, batches"))
    lines = ["| ms a copy | best | median | the lab's loop = 1 | captum's best = 1 |",
             "|---|---|---|---|---|"]
    for name, best in results["best_ms"].items():
        lines.append(f"| {name} | {best:.2f} | {results['median_ms'][name]:.2f} | "
                     f"{lab / best:.2f} | {captum / best:.2f} |")
    for name, floor in results["floor_ms"].items():
        lines.append(f"| floor, {name} | {floor:.2f} | "
                     f"| {lab / floor:.2f} | {captum / floor:.2f} |")
    fits, half = results["scaling"], results["bfloat16"]
    lines += [
        "",
        f"{results['machine']}; n = {results['n']}; "
        f"{results['gmac_per_copy']:.2f}·10⁹ multiply-adds a copy.",
        *(f"Time against {name}: {fit['ms_per_unit']:.2f} ms each, R² {fit['r2']:.4f}."
          for name, fit in fits.items()),
        "bfloat16: not measured, this processor is slow in it." if half is None else
        f"bfloat16: relative L2 error {half['relative_l2']:.3f} (another seed: "
        f"{half['relative_l2_of_another_seed']:.3f}), correlation {half['correlation']:.4f}.",
        "",
        *memory_table(results["peak_mib"]),
    ]
    return "\n".join(lines)


def draw(results: dict, path: Path) -> None:
    """A bar for each contender, the floors as lines."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
    names = list(results["best_ms"])
    bars = ax.barh(names, [results["best_ms"][name] for name in names], color="#3b528b")
    ax.bar_label(bars, fmt="%.1f", padding=4,
                 bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    ax.margins(x=0.1)
    for (name, floor), style in zip(results["floor_ms"].items(), ("--", ":"), strict=False):
        ax.axvline(floor, color="black", linestyle=style, label=f"floor, {name}: {floor:.1f}")
    ax.invert_yaxis()
    ax.set_xlabel("milliseconds a copy (best of the interleaved rounds)")
    ax.legend(loc="upper right")
    fig.savefig(path, dpi=110)


def processor() -> str:
    """The processor's name where the system tells it, and its widest vector instructions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (f"{names[0] if names else platform.processor() or platform.machine()} "
            f"({torch.backends.cpu.get_cpu_capability()})")


def machine() -> str:
    """What was measured on, in words, with the date."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else (
        f"{torch.get_num_threads()} cores, {processor()}")
    return f"{device}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50, help="noisy copies")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds")
    arguments = parser.parse_args()
    model = load_squeezenet()
    print("Pictures:", load_pictures(num=1).source, "\nWeights:", model.source)
    half = computes_bfloat16(model)
    floors = [("float32", 4, torch.float32), ("bfloat16", 8, torch.bfloat16)][: 1 + half]
    runs = timings(arguments.n, arguments.rounds)
    results = {
        "machine": machine(), "n": arguments.n, "runs_ms": runs,
        "best_ms": {name: min(ms) for name, ms in runs.items()},
        "median_ms": {name: statistics.median(ms) for name, ms in runs.items()},
        "floor_ms": {name: convolution_floor(model, batch_size, dtype) * 1e3
                     for name, batch_size, dtype in floors},
        "gmac_per_copy": multiply_adds(model),
        "peak_mib": peak_memory_of_all(),
        "scaling": scaling(model),
        "bfloat16": precision_error(model, arguments.n) if half else None,
    }
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    draw(results, BUILD / "bench.png")
    print(report(results))
    print("Written: build/bench.json, build/bench.png")


if __name__ == "__main__":
    main()
