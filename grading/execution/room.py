"""A room for student code: no network, few files, none of the tests, made by bubblewrap."""

import ast
import hashlib
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from grading.settings import ROOT, home, students_python

INSIDE = Path(__file__).with_name("inside.py")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/sys/devices/system",
          "/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/etc/alternatives")
SCRATCH_BYTES = 512 << 20  # of /tmp and of /dev/shm
HOW_TO = "install bubblewrap (on Debian and Ubuntu: apt install bubblewrap)"

# Takes the place of what an answer is to write; whoever uses it reads why.
NOTICE = '''

class _Absent:
    def __init__(self, name):
        self._name = name

    def _refuse(self, *arguments, **more):
        raise NotImplementedError(
            f"{self._name} is not here while your own answer is graded: write it yourself")

    __call__ = __getitem__ = __iter__ = __len__ = __contains__ = _refuse

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _Absent(f"labutils.MODULE.{name}")
'''


def draw_tasks(homework: str, seed: int) -> Path:
    """Draw the tasks of one homework, and furnish its room with a labutils that lacks what is
    to be written; returns the folder."""
    (home() / "tasks").mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix=f"{homework}-", dir=home() / "tasks"))  # the room sees its name
    drawn = subprocess.run([students_python(), "-m", "grading.execution.tasks", homework,
                            str(seed), folder], cwd=ROOT, env=students_environment(),
                           capture_output=True, text=True)
    if drawn.returncode:
        raise SystemExit(f"The tasks of {homework} cannot be drawn:\n{drawn.stderr}")
    shutil.copytree(ROOT / "labutils", folder / "lab" / "labutils",
                    ignore=shutil.ignore_patterns("__pycache__"))
    for module, names in json.loads((folder / "absent.json").read_text("utf-8")).items():
        path = folder / "lab" / "labutils" / f"{module}.py"
        path.write_text(without(path.read_text("utf-8"), names)
                        + NOTICE.replace("MODULE", module), "utf-8")
    return folder


def students_environment() -> dict[str, str]:
    """For trusted code in the environment that has numpy and torch."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(
        [str(ROOT), os.environ.get("PYTHONPATH", "")]), "OMP_NUM_THREADS": "2"}


def without(source: str, names: list[str]) -> str:
    """A module's text without some of its definitions; "*" stands for all."""
    if "*" in names:
        return ""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body
                 if not set(names) & {getattr(node, "name", ""), *(
                     getattr(target, "id", "") for target in [
                         *getattr(node, "targets", []), getattr(node, "target", None)])}]
    return ast.unparse(tree)


@cache
def judging_code(homework: str) -> str:
    """A fingerprint of all that decides on points: tasks, judge, room, and labutils."""
    package = os.environ.get("GRADING_TASKS", "")
    files = [*Path(__file__).parent.glob("*.py"), *(ROOT / "labutils").rglob("*.py")]
    files += [path for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if package
              for path in Path(folder, package).glob(f"task_{homework[:2]}.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


def enter(folder: Path, walls: bool, scratch: Path) -> tuple[list[str], dict[str, str]]:
    """The command that runs inside.py in a homework's room, and its environment.

    Args:
        folder: what draw_tasks has furnished.
        walls: without them the command runs beside everything else.
        scratch: an empty folder for a run without walls.
    """
    if not walls:
        return ([str(students_python()), str(INSIDE), str(folder / "given")],
                environment(folder / "lab", scratch))
    venv, base = students_python().parent.parent.resolve(), Path(
        os.path.realpath(students_python())).parent.parent
    shown = {"/lab/labutils": folder / "lab" / "labutils", "/lab/data": ROOT / "data",
             "/given": folder / "given", "/inside.py": INSIDE, "/venv": venv, str(base): base}
    if data := os.environ.get("LAB_DATA"):
        shown["/lab-data"] = Path(data).resolve()
    command = ["bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session",
               "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", *no_rooms_inside()]
    for name in SYSTEM:
        if os.path.islink(name) and os.path.isdir(name):  # /lib on a merged /usr
            command += ["--symlink", os.readlink(name), name]
        else:
            command += ["--ro-bind-try", name, name]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/tmp", "/dev/shm"):
        command += ["--size", str(SCRATCH_BYTES), "--tmpfs", place]
    for place, path in shown.items():
        command += ["--ro-bind-try", str(path), place]
    command += ["--remount-ro", "/", "--chdir", "/tmp"]
    return ([*command, "/venv/bin/python", "/inside.py", "/given"],
            environment(Path("/lab"), Path("/tmp")))


@cache
def no_rooms_inside() -> list[str]:
    """bubblewrap's option against rooms within the room, from its version 0.8 on."""
    usage = subprocess.run(["bwrap", "--help"], capture_output=True, text=True).stdout
    return ["--disable-userns"] if "--disable-userns" in usage else []


def environment(lab: Path, scratch: Path) -> dict[str, str]:
    """A clean environment: no tokens, no paths of the grader."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "LC_CTYPE", "TZ",
                                                "LAB_PICTURES") if name in os.environ}
    if data := os.environ.get("LAB_DATA"):
        kept["LAB_DATA"] = "/lab-data" if lab == Path("/lab") else data
    return kept | {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(scratch), "USER": "student",
        "PYTHONPATH": str(lab), "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg",
        # Several rooms share the cores; more threads than cores only wait.
        "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
        "IPYTHONDIR": str(scratch / "ipython"), "MPLCONFIGDIR": str(scratch / "matplotlib")}


def why_no_walls() -> str:
    """Try bubblewrap; "" when it works, else why not and what helps."""
    if os.environ.get("GRADING_SANDBOX") == "off":
        return "GRADING_SANDBOX is off"
    if not shutil.which("bwrap"):
        return HOW_TO
    with TemporaryDirectory() as folder:
        command, variables = enter(Path(folder), True, Path(folder))
        end = command.index("/venv/bin/python")
        trial = subprocess.run([*command[:end], "/venv/bin/python", "-c", ""], text=True,
                               capture_output=True, env=variables | {"PYTHONPATH": ""})
    if trial.returncode == 0:
        return ""
    return f"bubblewrap says: {(trial.stderr.strip().splitlines() or ['nothing'])[-1]}"
