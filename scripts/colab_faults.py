"""The faults that make colab-check brings about, each really, and the sentence for each."""

import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Nobody listens on the discard port, and no configuration names another index.
NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null", "PIP_RETRIES": "0"}
CHECK = ("; check the network, address (`%env LAB_REPO_URL=…`) and branch "
         "(`%env LAB_REPO_REF=…`).")


@dataclass
class Case:
    """One fault.

    Attributes:
        name: of its line.
        variables: of the kernel's environment.
        sentence: a pattern of what is shown; "" where the set-up must succeed.
        prepare: what is done to the folder beforehand.
        shown: the sentence that was shown.
    """

    name: str
    variables: dict[str, str]
    sentence: str
    prepare: Callable[[Path], None] = field(default=lambda folder: None)
    shown: str = ""


class Private(BaseHTTPRequestHandler):
    """Answers every request as GitHub answers for a private repository, or for none."""

    def do_GET(self) -> None:
        """Ask for a user name."""
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="check"')
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def not_fetched(address: str, reason: str, branch: str = "main") -> str:
    """The pattern of the sentence where git failed."""
    return re.escape(f"branch {branch} of {address} was not fetched (") + reason + re.escape(
        f"){CHECK}")


def half_a_clone(address: str) -> Callable[[Path], None]:
    """Kill git while it clones, as the end of a session would."""
    def prepare(folder: Path) -> None:
        home = folder / "smoothgrad-lab"
        # The other side is slow, so that there is time.
        slow = ["git", "clone", "--quiet", "--upload-pack=sleep 60; git-upload-pack", address, home]
        with subprocess.Popen(slow, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            while not (home / ".git" / "config").is_file() and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
        if not (home / ".git").is_dir():
            raise RuntimeError("half_a_clone: git left nothing behind that would have to heal.")
    return prepare


def cases(address: str, work: Path) -> list[Case]:
    """All faults, in the order in which a set-up meets them.

    Args:
        address: of a repository that can be fetched.
        work: a folder for what they need.
    """
    tools, other = work / "tools", work / "other"
    tools.mkdir()
    (tools / "env").symlink_to(shutil.which("env"))
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", other], check=True)
    subprocess.run(["git", "-c", "user.name=check", "-c", "user.email=check@example.org", "commit",
                    "--quiet", "--allow-empty", "--message=first"], cwd=other, check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Private)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    private = f"http://127.0.0.1:{server.server_port}/account/smoothgrad-lab"
    nowhere = "https://no-such-host.invalid/account/smoothgrad-lab"
    owner = "https://github.com/OWNER/smoothgrad-lab"
    return [
        Case("neither project nor Colab", {"IPYTHONDIR": str(work / "plain")},
             r"labutils was not found; open this notebook in the project's folder\."),
        Case("owner not set", {"LAB_REPO_URL": owner}, re.escape(
            f"branch main of {owner} still holds OWNER; who hands this out runs `make set-owner "
            "OWNER=account`, you put `%env LAB_REPO_URL=https://…` into a cell above.")),
        Case("no git", {"LAB_REPO_URL": address, "PATH": str(tools)},
             not_fetched(address, r"env: .git.: No such file or directory")),
        Case("no network", {"LAB_REPO_URL": nowhere},
             not_fetched(nowhere, r"fatal: unable to access [^()]* Could not resolve host[^()]*")),
        Case("a user name is asked for", {"LAB_REPO_URL": private},
             not_fetched(private, r"fatal: could not read Username [^()]* prompts disabled")),
        Case("no such branch", {"LAB_REPO_URL": address, "LAB_REPO_REF": "v9"},
             not_fetched(address, r"[^()]*Remote branch v9 not found in upstream origin", "v9")),
        Case("another project", {"LAB_REPO_URL": f"file://{other}"},
             not_fetched(f"file://{other}", "it holds no labutils")),
        Case("pip without network", {"LAB_REPO_URL": address} | NO_INDEX,
             r"pip could not install captum[^()]* \(No matching distribution found for [^()]*\); "
             r"check the network, then run this cell again\."),
        Case("half a clone is fetched again", {"LAB_REPO_URL": address}, "",
             half_a_clone(address)),
    ]
