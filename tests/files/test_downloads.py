"""Fetching one file: the right bytes, or an error that says what to do."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from labutils import network, pictures
from labutils.files import downloads, folders
from labutils.files.downloads import DownloadError, check_sum, fetch
from labutils.network import load_squeezenet
from labutils.pictures import load_imagenet_val, load_pictures

NAME = "file.bin"
CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of data/; and no proxy between us and ourselves."""
    monkeypatch.setattr(downloads, "data_folder", lambda: tmp_path / "data")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "data"


class Handler(BaseHTTPRequestHandler):
    """Serves /right, /wrong (other bytes), /short (half of what it promises).

    /drip sends a byte now and then, /stall stops in the middle, /headers drips before
    the content begins, /silent answers a HEAD only, /endless never comes to an end,
    and /get has nothing against anything but a HEAD.
    """

    BODIES = {"/right": CONTENT, "/wrong": CONTENT[::-1], "/short": CONTENT[:5000],
              "/stall": CONTENT[:5000], "/get": CONTENT, "/silent": CONTENT,
              "/drip": b"", "/endless": b"", "/headers": b""}

    def do_HEAD(self) -> None:
        self.server.asked.append((self.command, self.path))
        status = 405 if (self.command, self.path) == ("HEAD", "/get") else 200
        self.send_response(status if self.path in self.BODIES else 404)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(CONTENT)))
        if self.path == "/headers" and self.command == "GET":
            self.flush_headers()
            self.drip(b"a: b\r\n")
        self.end_headers()

    def do_GET(self) -> None:
        if self.path == "/silent":
            self.server.released.wait()
        self.do_HEAD()
        self.wfile.write(self.BODIES.get(self.path, b""))
        if self.path == "/stall":
            self.server.released.wait()
        if self.path == "/drip":
            self.drip(b"x")
        while self.path == "/endless" and not self.server.released.is_set():
            self.wfile.write(CONTENT)

    def drip(self, data: bytes) -> None:
        self.wfile.flush()
        while not self.server.released.wait(0.05):
            self.wfile.write(data)
            self.wfile.flush()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # the other side has given up
            pass

    def log_message(self, *args) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A web server on this machine; ``.asked`` lists the requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.released = threading.Event()  # ends every wait
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def closed() -> str:
    """A URL at a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/{NAME}"


@pytest.fixture
def hanging() -> Iterator[str]:
    """A URL whose server accepts the connection and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/{NAME}"


def get(*urls: str) -> Path:
    return fetch(NAME, urls, SHA256, "load_something()")


def test_a_file_is_downloaded_into_the_data_folder(server, folder):
    path = get(server.url + "/right")
    assert path == folder / NAME and path.read_bytes() == CONTENT


def test_a_file_is_downloaded_only_once(server):
    get(server.url + "/right")
    server.asked.clear()
    get(server.url + "/right")
    assert server.asked == []


def test_a_file_in_the_data_folder_needs_no_network(closed, folder):
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)
    assert get(closed) == folder / NAME


def test_a_file_in_the_classroom_folder_needs_no_network(closed, tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    (tmp_path / NAME).write_bytes(CONTENT)
    assert get(closed) == tmp_path / NAME


def test_the_classroom_folder_comes_before_the_data_folder(closed, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    folder.mkdir()
    for path in (tmp_path / NAME, folder / NAME):
        path.write_bytes(CONTENT)
    assert get(closed) == tmp_path / NAME


def test_a_classroom_folder_without_the_file_is_no_obstacle(server, tmp_path, monkeypatch, folder):
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    assert get(server.url + "/right") == folder / NAME


def test_a_classroom_folder_that_is_none_is_refused(server, monkeypatch):
    monkeypatch.setenv("LAB_DATA", "no-such-folder")
    with pytest.raises(FileNotFoundError, match="LAB_DATA is 'no-such-folder'.*not a folder"):
        get(server.url + "/right")


@pytest.mark.parametrize("place", ["data", "classroom"])
@pytest.mark.parametrize("content", [CONTENT[:-1], b"", CONTENT[::-1]],
                         ids=["truncated", "empty", "other bytes"])
def test_a_damaged_file_at_hand_is_refused(server, folder, tmp_path, monkeypatch, place, content):
    if place == "classroom":
        monkeypatch.setenv("LAB_DATA", str(tmp_path))
    path = (tmp_path if place == "classroom" else folder) / NAME
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(DownloadError, match=f"{NAME} is damaged .*expected {SHA256}. Delete it"):
        get(server.url + "/right")


@pytest.mark.parametrize("page", ["/wrong", "/short", "/missing"])
def test_a_bad_download_is_an_error(server, page):
    with pytest.raises(DownloadError, match=f"{NAME} could not be downloaded"):
        get(server.url + page)


@pytest.mark.parametrize("page", ["/wrong", "/short", "/missing"])
def test_a_bad_download_leaves_nothing_behind(server, folder, page):
    with pytest.raises(DownloadError):
        get(server.url + page)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("page", ["/wrong", "/short", "/missing"])
def test_after_a_bad_download_the_next_mirror_is_asked(server, page):
    assert get(server.url + page, server.url + "/right").read_bytes() == CONTENT


def test_after_an_unreachable_mirror_the_next_is_asked(closed, server):
    assert get(closed, server.url + "/right").read_bytes() == CONTENT


def test_the_message_names_every_mirror_and_its_reason(closed, server):
    with pytest.raises(DownloadError) as caught:
        get(closed, server.url + "/missing")
    assert f"{closed}\n    no connection" in str(caught.value)
    assert f"{server.url}/missing\n    the server answered 404" in str(caught.value)


def test_the_message_names_three_ways_out(closed, folder):
    with pytest.raises(DownloadError) as caught:
        get(closed)
    message = str(caught.value)
    assert "use the default, load_something(), which needs no network" in message
    assert f"put {NAME} into {folder} or into the folder that LAB_DATA names" in message
    assert "try again" in message


def test_a_server_that_never_answers_is_given_up_in_time(hanging, impatient):
    start = time.monotonic()
    with pytest.raises(DownloadError, match="no answer within .*\n.*Three ways out"):
        get(hanging)
    assert time.monotonic() - start < 4


def test_a_name_look_up_that_hangs_is_given_up_in_time(monkeypatch):
    asleep = threading.Event()

    def hang(*args, **options) -> None:
        asleep.wait(30)
        raise downloads.requests.ConnectionError

    monkeypatch.setattr(downloads, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(downloads.requests, "get", hang)
    start = time.monotonic()
    with pytest.raises(DownloadError, match="no answer within"):
        get("http://a.name.that.hangs.invalid/")
    asleep.set()
    assert time.monotonic() - start < 10


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of tenths of a second."""
    monkeypatch.setattr(downloads, "ANSWER_SECONDS", 0.4, raising=False)
    monkeypatch.setattr(downloads, "STALL_SECONDS", 0.4, raising=False)
    monkeypatch.setattr(downloads, "WHOLE_SECONDS", 1.0, raising=False)


@pytest.mark.parametrize(("page", "reason"), [
    ("/silent", "no answer within"), ("/headers", "no answer within"),
    ("/stall", "too slow"), ("/drip", "too slow: 0 bytes"), ("/endless", "too slow")])
def test_a_server_that_does_not_come_to_an_end_is_given_up_in_time(
        server, folder, impatient, page, reason):
    # A hanging test would tell nobody anything: the server lets go after a while.
    threading.Timer(5, server.released.set).start()
    start = time.monotonic()
    with pytest.raises(DownloadError, match=reason):
        get(server.url + page)
    assert time.monotonic() - start < 4
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("page", ["/silent", "/headers", "/stall", "/drip"])
def test_after_a_server_that_hangs_the_next_mirror_is_asked(server, impatient, page):
    assert get(server.url + page, server.url + "/right").read_bytes() == CONTENT


def test_the_whole_is_given_up_in_time_however_many_mirrors_there_are(server, impatient):
    start = time.monotonic()
    with pytest.raises(DownloadError, match="Three ways out"):
        get(*[server.url + "/drip"] * 20)
    assert time.monotonic() - start < 5


def test_a_slow_line_may_take_its_time(server, impatient, monkeypatch):
    monkeypatch.setattr(Handler, "BODIES", {**Handler.BODIES, "/right": b""})

    def slowly(handler) -> None:
        handler.do_HEAD()
        for k in range(4):  # longer than a stall is allowed to be
            time.sleep(0.2)
            handler.wfile.write(CONTENT[k * 2560:(k + 1) * 2560])

    monkeypatch.setattr(Handler, "do_GET", slowly)
    monkeypatch.setattr(downloads, "WHOLE_SECONDS", 20.0)
    monkeypatch.setattr(downloads, "SLOWEST", 2560 / 0.5)
    monkeypatch.setattr(downloads, "STALL_SECONDS", 0.6)
    monkeypatch.setattr(downloads, "CHUNK", 1024)
    assert get(server.url + "/right").read_bytes() == CONTENT


def test_a_server_that_refuses_head_is_asked_for_the_file_itself(server):
    assert get(server.url + "/get").read_bytes() == CONTENT


@pytest.mark.parametrize("urls", [pictures.VAL_25_URLS, network.TORCHVISION_URLS],
                         ids=["pictures", "weights"])
def test_all_dead_mirrors_together_stay_within_ten_seconds(urls):
    assert len(urls) * downloads.ANSWER_SECONDS < 10


def test_five_megabytes_on_the_slowest_line_stay_within_the_whole():
    longest = downloads.ANSWER_SECONDS + downloads.STALL_SECONDS + 5e6 / downloads.SLOWEST
    assert longest < downloads.WHOLE_SECONDS


def test_many_may_fetch_into_one_folder_at_once(server, folder):
    def fetch_all(_: int) -> list[Path]:
        return [fetch(f"file{k}", [server.url + "/right"], SHA256, "") for k in range(10)]

    with ThreadPoolExecutor(4) as pool:
        for paths in pool.map(fetch_all, range(4)):
            assert [path.read_bytes() for path in paths] == [CONTENT] * 10
    assert len(list(folder.iterdir())) == 10


FETCH = """
import sys
from pathlib import Path
from labutils.files import downloads
downloads.data_folder = lambda: Path(sys.argv[1])
downloads.fetch("file.bin", [sys.argv[2]], "0" * 64, "")
"""


def test_what_a_killed_process_leaves_is_removed_by_a_later_download(server, folder):
    process = subprocess.Popen([sys.executable, "-c", FETCH, folder, server.url + "/stall"])
    patience = time.monotonic() + 30
    while ("GET", "/stall") not in server.asked and time.monotonic() < patience:
        time.sleep(0.02)
    process.kill()
    process.wait()
    left = list(folder.rglob("*"))
    assert left, "the process was killed too early or too late"
    for path in left:
        os.utime(path, (0, 0))
    get(server.url + "/right")
    assert list(folder.iterdir()) == [folder / NAME]


def test_what_a_killed_process_left_is_removed_when_the_file_is_there_already(closed, folder):
    other = folder / f"{downloads.WORK_PREFIX}other"
    other.mkdir(parents=True)
    os.utime(other, (0, 0))
    (folder / NAME).write_bytes(CONTENT)
    get(closed)
    assert list(folder.iterdir()) == [folder / NAME]


def test_a_download_under_way_in_another_process_is_left_alone(server, folder):
    other = folder / f"{downloads.WORK_PREFIX}other"
    other.mkdir(parents=True)
    (other / "tmpabc").write_bytes(CONTENT[:99])
    get(server.url + "/right")
    assert (other / "tmpabc").read_bytes() == CONTENT[:99]


def test_old_files_of_ones_own_in_the_folder_are_left_alone(server, folder):
    folder.mkdir()
    for name in ("tmp", "tmpabcdefgh", "mine.npz"):
        (folder / name).write_text("mine")
        os.utime(folder / name, (0, 0))
    get(server.url + "/right")
    assert len(list(folder.iterdir())) == 4


def test_a_read_only_folder_is_an_error_that_says_so(server, folder, monkeypatch):
    def refuse(*args, **options) -> None:
        raise PermissionError(13, "Permission denied")

    # Not with chmod: the superuser may write into any folder.
    monkeypatch.setattr(downloads.tempfile, "mkdtemp", refuse)
    with pytest.raises(DownloadError, match=r"cannot be written \(Permission denied\).*LAB_DATA"):
        get(server.url + "/right")


def test_a_data_folder_that_cannot_be_made_is_an_error_that_says_so(server, tmp_path, folder):
    folder.write_text("a file where the folder should be")
    with pytest.raises(DownloadError, match="cannot be written"):
        get(server.url + "/right")


def test_a_file_in_a_read_only_folder_can_be_used(closed, folder, monkeypatch):
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)
    monkeypatch.setattr(downloads.tempfile, "mkdtemp", None)
    assert get(closed) == folder / NAME


@pytest.mark.parametrize("load", [
    load_imagenet_val, lambda: load_pictures("imagenet_val_25"),
    lambda: load_squeezenet("torchvision")], ids=["pictures", "pictures by name", "weights"])
def test_named_data_that_cannot_be_had_is_never_replaced(closed, monkeypatch, load):
    monkeypatch.setattr(pictures, "VAL_25_URLS", (closed,))
    monkeypatch.setattr(network, "TORCHVISION_URLS", (closed,))
    with pytest.raises(DownloadError, match=r"Three ways out: \(1\) use the default, load_"):
        load()


@pytest.mark.parametrize(("variable", "value", "load"), [
    ("LAB_PICTURES", "imagenet_val_25", load_pictures),
    ("LAB_WEIGHTS", "torchvision", load_squeezenet)])
def test_defaults_set_by_the_environment_are_never_replaced(
        closed, monkeypatch, variable, value, load):
    monkeypatch.setattr(pictures, "VAL_25_URLS", (closed,))
    monkeypatch.setattr(network, "TORCHVISION_URLS", (closed,))
    monkeypatch.setenv(variable, value)
    with pytest.raises(DownloadError, match="could not be downloaded"):
        load()


def test_check_sum_says_nothing_about_the_right_file(tmp_path):
    (tmp_path / NAME).write_bytes(CONTENT)
    check_sum(tmp_path / NAME, SHA256)


def test_in_a_checkout_downloads_land_in_data():
    home = Path(folders.__file__).resolve().parents[2]
    if not (home / "data" / "README.md").is_file():
        pytest.skip("labutils is installed, not in a checkout")
    assert folders.data_folder() == home / "data"


def test_installed_labutils_downloads_into_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "__file__", str(tmp_path / "labutils" / "files" / "folders.py"))
    assert "smoothgrad-lab" in str(folders.data_folder())
    assert tmp_path not in folders.data_folder().parents


@pytest.mark.parametrize("value", [None, ""])
def test_without_lab_data_there_is_no_classroom_folder(monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("LAB_DATA", value)
    assert folders.classroom_folder() is None
