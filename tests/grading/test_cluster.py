"""A class over a Dask cluster, its gradebook on PostgreSQL; a worker is killed in the middle."""

import csv
import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from sample_class import tiny
from sample_class.graded import PYTHON, grading_environment
from sample_class.notebooks import ROOT, cell_of
from sample_class.students import Student

pytestmark = [pytest.mark.long, pytest.mark.rare]

STUDENTS = 12
POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def database() -> Iterator[str]:
    """The address of an empty database of its own, on the loopback interface."""
    if POSTGRES is None:
        pytest.skip("PostgreSQL is not installed (on Debian: apt install postgresql)")
    # Short, and where the user postgres may write.
    folder = Path(subprocess.run([*AS_POSTGRES, "mktemp", "-d", "/tmp/pg-XXXXXX"], check=True,
                                 capture_output=True, text=True).stdout.strip())
    port = free_port()
    control = [*AS_POSTGRES, POSTGRES / "pg_ctl", "-D", folder / "data", "-w", "-o",
               f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"]
    subprocess.run([*AS_POSTGRES, POSTGRES / "initdb", "-D", folder / "data", "-A", "trust", "-U",
                    "grader"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    subprocess.run([*control, "-l", folder / "log", "start"], check=True, cwd="/",
                   stdout=subprocess.DEVNULL)
    try:
        yield f"postgresql+psycopg://grader@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "stop", "-m", "immediate"], cwd="/", stdout=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """The address of a scheduler on the loopback interface, and its two workers."""
    address = f"tcp://127.0.0.1:{free_port()}"
    dask = [PYTHON, "-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"]
    if subprocess.run([PYTHON, "-c", "import distributed, psycopg"],
                      capture_output=True).returncode:
        pytest.skip("distributed and psycopg are not installed (grading/requirements.txt)")
    environment = grading_environment(tmp_path / "home") | {"TMPDIR": str(tmp_path)}
    environment["PYTHONPATH"] += f":{ROOT}"

    def start(*command: str) -> subprocess.Popen:
        return subprocess.Popen(command, cwd=tmp_path, env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    scheduler = start(*dask)
    workers = [start(PYTHON, "-m", "distributed.cli.dask_worker", address, "--no-nanny",
                     "--no-dashboard", "--nthreads", "1", "--death-timeout", "60")
               for _ in range(2)]
    try:
        yield address, workers
    finally:
        for process in [*workers, scheduler]:
            process.kill()
            process.wait()


def test_every_submission_is_graded_exactly_once_though_a_worker_is_killed(
        tmp_path, database, cluster):
    address, workers = cluster
    notebooks, submissions, home = (tmp_path / name for name in ("notebooks", "class", "home"))
    notebooks.mkdir()
    tiny.hand_out(notebooks)
    for number in range(STUDENTS):
        notebook = nbformat.read(notebooks / "student" / f"{tiny.TINY}.ipynb", as_version=4)
        cell_of(notebook, tiny.ANSWER).source = tiny.RIGHT if number % 2 else tiny.HALF
        Student(f"s{number:02}", notebook, "", homework=tiny.TINY).write(submissions)
    (tmp_path / "home").mkdir()
    with subprocess.Popen(
            [PYTHON, "-m", "grading", submissions], cwd=ROOT, stdout=subprocess.PIPE,
            text=True, env=grading_environment(
                home, GRADING_NOTEBOOKS=str(notebooks), SCHEDULER=address,
                DATABASE_URL=database, TMPDIR=str(tmp_path))) as process:
        told = []
        for line in process.stdout:
            told.append(line)
            if line.startswith("  s") and workers[0].poll() is None:
                time.sleep(0.3)  # in the middle of another one
                workers[0].kill()
    assert process.returncode == 0, "".join(told)
    assert Counter(line.split()[0] for line in told if line.startswith("  s")) == {
        f"s{number:02}": 1 for number in range(STUDENTS)}
    with (home / "grades.csv").open(newline="", encoding="utf-8") as file:
        scores = {row["student"]: row[tiny.ANSWER] for row in csv.DictReader(file)}
    assert scores == {f"s{k:02}": "4" if k % 2 else "2" for k in range(STUDENTS)}
    assert not (home / "gradebook.db").exists()
    assert workers[0].poll() is not None
