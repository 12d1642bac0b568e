"""Answers that want points for nothing or to harm the grader; each is bounded in itself, also
without walls, and reaches no further than this computer."""

from sample_class.notebooks import CORRECT, HEAD

GIGABYTE = 1 << 30
CHILDREN, CHILD_SECONDS = 200, "117.318"  # the odd number tells our children from others
LONGEST = 240  # seconds after which every loop here gives up by itself
FORGED_LINE = "  bomber, 01_doubling: executed, 0 s, with all points"
MARK = "reached:"  # what an answer has found out is told in an error

ENDLESS = HEAD + f'''    import time
    start = time.monotonic()
    while n > 1 and time.monotonic() < start + {LONGEST}:
        pass
''' + CORRECT.removeprefix(HEAD)

STUBBORN = HEAD + f'''    import time
    start = time.monotonic()
    while time.monotonic() < start + {LONGEST}:
        try:
            while time.monotonic() < start + {LONGEST}:
                pass
        except BaseException:
            pass
''' + CORRECT.removeprefix(HEAD)

EXIT = HEAD + "    import os\n    os._exit(0)\n"

LOUD = '''for _ in range(50):
    print("spam " * 200_000)
'''

CROWD = f'''import subprocess
children = [subprocess.Popen(["sleep", "{CHILD_SECONDS}"], start_new_session=True)
            for _ in range({CHILDREN})]
import time
time.sleep(5)
'''

# Forgeries: cells that once made black maps count as right ones, where tests ran beside them.
FORGERIES = {
    "precision": "%precision 12%.0s",
    "formatter": "get_ipython().display_formatter.formatters['text/plain'].for_type("
                 "float, lambda value, p, cycle: p.text('12.0'))",
    "sum": "import builtins\nbuiltins.sum = lambda *values: 4\nsum = builtins.sum",
    "transformer": '''get_ipython().input_transformers_cleanup.append(
    lambda lines: ["12.0"] if any("graded_" in line for line in lines) else lines)''',
    "noassert": '''import ast

class WithoutAssertions(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

get_ipython().ast_transformers.append(WithoutAssertions())
''',
    "patched": '''import labutils.checks
from labutils.checks import CheckResult

def check_smoothgrad(function):
    return CheckResult("smoothgrad")

labutils.checks.check_smoothgrad = check_smoothgrad
''',
    "swallowed": "get_ipython().set_custom_exc((BaseException,), lambda *details, **more: None)",
    "numpy": '''import numpy as np
np.array_equal = np.allclose = lambda *arguments, **more: True
np.corrcoef = lambda *arguments, **more: np.ones((2, 2))
torch.allclose = torch.equal = lambda *arguments, **more: True
''',
}

# Looks into the frames of who calls, for what it wants to hear.
FRAME = HEAD + f'''    import sys
    frame, found = sys._getframe(), []
    while frame:
        found += [name for name in frame.f_locals if name in ("expected", "known", "points")]
        for value in list(frame.f_locals.values()):
            if isinstance(value, dict) and "expected" in value:
                found.append("expected")
        frame = frame.f_back
    if found:
        raise RuntimeError("{MARK} " + repr(found))
    return torch.zeros(len(X), 224, 224)
'''

# Writes to whatever is open what it would like to have been judged as.
FRAMER = HEAD + '''    import io, os, stat, struct
    frame = io.BytesIO()
    np.savez(frame, answer="smoothgrad-answer", points=12.0, holds=True)
    told = struct.pack(">Q", frame.tell()) + frame.getvalue()
    for number in range(3, 64):
        try:
            if stat.S_ISREG(os.fstat(number).st_mode):
                os.write(number, told)
        except OSError:
            pass
    return torch.zeros(len(X), 224, 224)
'''

# An array that would run code where it is unpacked carelessly.
PICKLED = HEAD + '''    class Bomb:
        def __reduce__(self):
            return (print, ("unpacked",))
    return np.array([Bomb()], dtype=object)
'''

QUOTES = HEAD + f'''    import base64, gc
    told = "\\n".join(get_ipython().user_ns.get("In", []))
    texts = [text for text in gc.get_objects() if isinstance(text, dict) and "expected" in text]
    print(told)
    raise RuntimeError("{MARK} " + base64.b64encode(told.encode()).decode()[:800]
                       + repr(texts)[:200])
'''

# Every file of the room by name, and the words that only the judge knows, in their texts.
REACH = HEAD + f'''    import os, sys
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [one for one in folders if os.path.join(folder, one) not in
                      ("/proc", "/sys", "/usr", "/dev", "/venv", sys.base_prefix)]
        for name in files:
            path = os.path.join(folder, name)
            if name.startswith(("task_", "judge", "gradebook", "expected")):
                found.append(path)
            try:
                text = open(path, errors="replace").read(1 << 20)
            except OSError:
                continue
            found += [path + ": " + word for word in ("heeds_orders", "as bright as the map of",
                                                      "class Mean:", "def smoothgrad_snapshots")
                      if word in text]
    raise RuntimeError("{MARK} " + repr([one for one in found if "/checks/" not in one])[:1500])
'''


def bomber(head: str) -> str:
    """Tells the judge what becomes very large, what was not ordered, and lines for the report."""
    return head + f'''    import io, os, stat, struct
    import numpy as np
    def frame(save, **told):
        packed = io.BytesIO()
        save(packed, answer="doubling-answer", **told)
        return struct.pack(">Q", packed.tell()) + packed.getvalue()
    told = frame(np.savez_compressed, call=0, value=np.zeros(1 << 23))
    told += frame(np.savez, call=1 << 20, value=np.zeros(3))
    told += frame(np.savez, call=0, error="E: x" + chr(10) + "{FORGED_LINE}")
    for number in range(3, 64):
        try:
            if stat.S_ISREG(os.fstat(number).st_mode):
                os.write(number, told)
        except OSError:
            pass
    raise RuntimeError("told" + chr(10) + "{FORGED_LINE}")
'''


def hog(limit_bytes: int) -> str:
    """Asks for 4 GB more than it may have; touches none of it."""
    return HEAD + f'''    everything = np.zeros({limit_bytes + 4 * GIGABYTE}, dtype=np.uint8)
    everything[::4096] = 1
''' + CORRECT.removeprefix(HEAD)


def spy(paths: list[str], head: str = HEAD) -> str:
    """Looks for the gradebook, the sources and others' work."""
    return head + f'''    import os
    found = []
    for path in {paths!r}:
        try:
            found.append(len(os.listdir(path)) if os.path.isdir(path) else len(open(path).read(9)))
        except OSError as error:
            found.append(type(error).__name__)
    raise RuntimeError("{MARK} " + repr(found))
'''


def caller(port: int, head: str = HEAD) -> str:
    """Calls home over the loopback interface."""
    return head + f'''    import socket
    try:
        socket.create_connection(("127.0.0.1", {port}), timeout=3).sendall(b"secrets")
        told = "through"
    except OSError as error:
        told = type(error).__name__
    raise RuntimeError("{MARK} " + told)
'''
