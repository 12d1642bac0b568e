"""The sandbox that a graded kernel starts in, alone, with harmless commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 2 << 30


def start(code: str, folder: Path, isolate: bool, **variables: str) -> subprocess.CompletedProcess:
    """Run Python code in the sandbox; its folder is the connection file's."""
    settings = folder / "settings.json"
    shared = folder / "shared"
    shared.mkdir(exist_ok=True)
    settings.write_text(json.dumps(
        {"project": str(ROOT), "memory_bytes": MEMORY, "isolate": isolate}))
    return subprocess.run(
        [sys.executable, "-P", ROOT / "grading" / "sandbox.py", "--settings", settings,
         "--connection", shared / "kernel.json", sys.executable, "-c", code],
        env=os.environ | variables, capture_output=True, text=True, timeout=120)


@pytest.fixture
def isolated(tmp_path: Path) -> None:
    """Only where the system allows it."""
    trial = start("", tmp_path, isolate=True)
    if trial.returncode != 0:
        pytest.skip("this system allows no namespaces: "
                    + (trial.stderr.strip().splitlines() or ["?"])[-1])


@pytest.mark.parametrize("isolate", [False, True])
def test_memory_is_limited(tmp_path, isolate, request):
    if isolate:
        request.getfixturevalue("isolated")
    result = start(f"bytearray({MEMORY} + (4 << 30))", tmp_path, isolate)
    assert "MemoryError" in result.stderr


@pytest.mark.parametrize("isolate", [False, True])
def test_the_environment_of_the_grader_is_not_passed_on(tmp_path, isolate, request):
    if isolate:
        request.getfixturevalue("isolated")
    result = start("import os; print(dict(os.environ))", tmp_path, isolate, SECRET_TOKEN="ab12")
    assert result.returncode == 0, result.stderr
    assert "ab12" not in result.stdout


def test_a_terminal_can_be_had(tmp_path, isolated):
    result = start("import pty; pty.spawn(['echo', 'heard'])", tmp_path, isolate=True)
    assert "heard" in result.stdout, result.stderr


@pytest.mark.parametrize("isolate", [False, True])
def test_the_exit_status_is_passed_on(tmp_path, isolate, request):
    if isolate:
        request.getfixturevalue("isolated")
    assert start("import os; os._exit(7)", tmp_path, isolate).returncode == 7


def test_labutils_and_pictures_are_there(tmp_path, isolated):
    result = start("from labutils.pictures import load_pictures; print(len(load_pictures().X))",
                   tmp_path, isolate=True)
    assert result.stdout.strip() == "20", result.stderr


def test_only_what_is_needed_can_be_seen(tmp_path, isolated):
    paths = [str(ROOT / "notebooks"), str(ROOT / "grading"), str(ROOT / ".git"),
             str(tmp_path / "settings.json"), str(Path.home() / ".ssh"), "/etc/shadow"]
    result = start(f"import os; print([p for p in {paths!r} if os.path.exists(p)])", tmp_path,
                   isolate=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_nothing_can_be_written_but_the_shared_folder_and_scratch(tmp_path, isolated):
    places = [str(ROOT / "labutils" / "x"), sys.prefix + "/x", "/usr/x", "/x", "/tmp/x",
              str(tmp_path / "shared" / "x")]
    result = start(f"""
for place in {places!r}:
    try:
        open(place, "w").close()
        print(place)
    except OSError:
        pass
""", tmp_path, isolate=True)
    assert result.stdout.split() == places[-2:], result.stderr
    assert not Path("/tmp/x").exists()


def test_there_is_no_network_not_even_the_loopback(tmp_path, isolated):
    code = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=3)"
    result = start(code, tmp_path, isolate=True)
    # With a network nobody would answer on that port: "Connection refused".
    assert "unreachable" in result.stderr


def test_other_processes_cannot_be_seen(tmp_path, isolated):
    code = "import os; print(sum(name.isdigit() for name in os.listdir('/proc')))"
    assert start(code, tmp_path, isolate=True).stdout.strip() == "2"


def test_the_walls_cannot_be_taken_down_from_inside(tmp_path, isolated):
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.umount2(b"/tmp", 2), libc.umount2(b"/", 2), libc.setuid(0))
"""
    assert start(code, tmp_path, isolate=True).stdout.split() == ["-1", "-1", "-1"]
