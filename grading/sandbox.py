"""Start a command with limits, and in a room of its own where the system allows it.

    python grading/sandbox.py --settings FILE --connection FILE COMMAND …

The kernelspec of the graded notebooks starts every kernel through this file, with the
students' Python; it needs the standard library only. The settings are JSON, written by
course.py; the folder of the connection file is the only one the command can write to.
"""

import argparse
import json
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent))
import isolation  # noqa: E402 (this folder is not on the path of the students' Python)

KEPT_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "LAB_PICTURES", "LAB_WEIGHTS", "LAB_DATA")
PROCESSES_AND_THREADS = 512  # a backstop; supervise.py counts processes more strictly
FILE_BYTES = 256 << 20
SCRATCH_BYTES = 512 << 20


def limit(memory_bytes: int) -> None:
    """Bound what this process and its children may take, each for itself."""
    # Libraries map much that they never touch, so addresses are worth less than memory.
    bounds = {resource.RLIMIT_DATA: memory_bytes, resource.RLIMIT_AS: memory_bytes + (4 << 30),
              resource.RLIMIT_FSIZE: FILE_BYTES, resource.RLIMIT_CORE: 0}
    if sys.platform != "linux":
        bounds.pop(resource.RLIMIT_DATA)
    for name, value in bounds.items():
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def limit_processes() -> None:
    """Inside a room only its own processes count; outside, all of the user's would."""
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES_AND_THREADS, PROCESSES_AND_THREADS))


def environment(project: Path, home: Path) -> dict[str, str]:
    """A clean environment: no tokens, no paths of the grader."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": str(home),
        "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1",
        # Several kernels share the cores; more threads than cores only wait.
        "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
        "IPYTHONDIR": str(home / "ipython"), "MPLCONFIGDIR": str(home / "matplotlib")}


def run_inside(command: list[str], project: Path, shared: Path) -> int:
    """Enter a room and run the command there; returns its exit status."""
    readable = [project / "labutils", project / "data", Path(sys.prefix), Path(sys.base_prefix)]
    readable += [Path(name) for name in [os.environ.get("LAB_DATA")] if name]
    isolation.leave_the_others()
    first = os.fork()
    if first:
        return wait_for(first)
    # The first process inside has an immunity that student code should not have, and
    # everything inside ends with it; so it only waits.
    isolation.die_with_parent(signal.SIGKILL)
    isolation.move_in([p.resolve() for p in readable if p.exists()], [shared],
                      SCRATCH_BYTES)
    limit_processes()
    second = os.fork()
    if second == 0:
        become(command, environment(project, Path("/tmp/home")), Path("/tmp/home"))
    return wait_for(second)


def become(command: list[str], variables: dict[str, str], folder: Path) -> None:
    """Replace this process by the command."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    os.execvpe(command[0], command, variables)


def wait_for(child: int) -> int:
    """Wait until a child ends, burying orphans on the way.

    Returns its exit status, or 128 + n if signal n ended it.
    """
    while True:
        try:
            ended, status = os.wait()
        except InterruptedError:
            continue
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def pass_over(number: int, frame: FrameType | None) -> None:
    """An interrupt is meant for the kernel, which receives it as well."""


def main(arguments: list[str]) -> int:
    """Run the command as the settings say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--connection", type=Path, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    settings = json.loads(options.settings.read_text("utf-8"))
    signal.signal(signal.SIGINT, pass_over)
    limit(settings["memory_bytes"])
    project, shared = Path(settings["project"]), options.connection.parent
    if settings["isolate"]:
        return run_inside(options.command, project, shared)
    folder = shared / "home"
    become(options.command, environment(project, folder), folder)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
