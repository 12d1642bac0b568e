"""The room that student code runs in, alone, with harmless commands."""

import subprocess
from pathlib import Path

import pytest

from grading.execution import room

ROOT = Path(__file__).resolve().parents[2]
OWN = "def noise(): return 1\ndef add_noise(): return 2\nNOISE_SOURCES = {'noise': noise}\n"


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as draw_tasks leaves it, without tasks."""
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "given").mkdir()
    (folder / "given" / "arrays.npz").write_text("given")
    (folder / "expected").mkdir()
    (folder / "lab").mkdir()
    (folder / "lab" / "labutils").symlink_to(ROOT / "labutils")
    return folder


@pytest.fixture(scope="module")
def walls() -> None:
    """Only where bubblewrap works."""
    if weakness := room.why_no_walls():
        pytest.skip(weakness)


def start(code: str, folder: Path, tmp_path: Path, walls: bool = True,
          **variables: str) -> subprocess.CompletedProcess:
    """Run Python code in the room in place of inside.py."""
    command, environment = room.enter(folder, walls, tmp_path)
    return subprocess.run([*command[:-2], "-c", code], env=environment | variables,
                          capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("inside", [False, True])
def test_the_environment_of_the_grader_is_not_passed_on(furnished, tmp_path, inside, monkeypatch,
                                                        request):
    if inside:
        request.getfixturevalue("walls")
    monkeypatch.setenv("SECRET_TOKEN", "ab12")
    result = start("import os; print(dict(os.environ))", furnished, tmp_path, inside)
    assert result.returncode == 0, result.stderr
    assert "ab12" not in result.stdout


def test_labutils_and_pictures_are_there(furnished, tmp_path, walls):
    result = start("from labutils.pictures import load_pictures; print(len(load_pictures().X))",
                   furnished, tmp_path)
    assert result.stdout.strip() == "20", result.stderr


def test_only_what_is_needed_can_be_seen(furnished, tmp_path, walls):
    paths = [str(ROOT / "notebooks"), str(ROOT / "grading"), str(ROOT / ".git"), str(furnished),
             "/lab/grading", "/given/../expected", str(Path.home() / ".ssh"), "/etc/shadow",
             "/etc/passwd"]
    result = start(f"import os; print([p for p in {paths!r} if os.path.exists(p)], "
                   "os.listdir('/given'))", furnished, tmp_path)
    assert result.stdout.strip() == "[] ['arrays.npz']", result.stderr


def test_nothing_can_be_written_but_scratch(furnished, tmp_path, walls):
    name = f"of-{tmp_path.parent.name}"
    places = [f"{folder}/{name}" for folder in ("/lab/labutils", "/given", "/venv", "/usr", "",
                                                "/tmp", "/dev/shm")]
    result = start(f"""
for place in {places!r}:
    try:
        open(place, "w").close()
        print(place)
    except OSError:
        pass
""", furnished, tmp_path)
    assert result.stdout.split() == places[-2:], result.stderr
    assert not Path("/tmp", name).exists()


def test_there_is_no_network_not_even_the_loopback(furnished, tmp_path, walls):
    code = "import socket; socket.create_connection(('10.0.0.1', 9), timeout=3)"
    assert "unreachable" in start(code, furnished, tmp_path).stderr


def test_other_processes_cannot_be_seen(furnished, tmp_path, walls):
    code = "import os; print(sum(name.isdigit() for name in os.listdir('/proc')))"
    assert int(start(code, furnished, tmp_path).stdout) <= 3


def test_the_walls_cannot_be_taken_down_from_inside(furnished, tmp_path, walls):
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.umount2(b"/tmp", 2), libc.umount2(b"/", 2), libc.setuid(0), libc.unshare(0x10000000))
"""
    *results, room_inside = start(code, furnished, tmp_path).stdout.split()
    assert results == 3 * ["-1"]
    assert room_inside == "-1" or not room.no_rooms_inside()


def test_without_bubblewrap_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.delenv("GRADING_SANDBOX", raising=False)
    monkeypatch.setenv("PATH", "")
    assert "apt install bubblewrap" in room.why_no_walls()


def test_what_an_answer_is_to_write_is_taken_out_and_said_to_be(tmp_path):
    (tmp_path / "labutils").mkdir()
    (tmp_path / "labutils" / "noise.py").write_text(
        room.without(OWN, ["noise", "NOISE_SOURCES"]) + room.NOTICE.replace("MODULE", "noise"))
    code = ("from labutils.noise import NOISE_SOURCES, noise, add_noise\nprint(add_noise())\n"
            "for use in (noise, lambda: NOISE_SOURCES['noise'], lambda: list(NOISE_SOURCES)):\n"
            "    try:\n        use()\n    except NotImplementedError as error:\n"
            "        print(error)")
    result = subprocess.run([room.students_python(), "-c", code], capture_output=True, text=True,
                            cwd=tmp_path)
    lines = result.stdout.splitlines()
    assert (lines[0], len(lines)) == ("2", 4), result.stderr
    assert all("is not here while your own answer is graded" in line for line in lines[1:])
