"""Fetch one file, once, and never hand out a damaged one."""

import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pooch
import requests

from labutils.files.folders import classroom_folder, data_folder

ANSWER_SECONDS = 4.0  # a server that has not answered by then is dead
STALL_SECONDS = 10.0  # one that has answered may pause as long as that, all pauses together,
SLOWEST = 50_000  # and longer by a second for so many bytes: 5 MB may take 110 s
WHOLE_SECONDS = 120.0  # one fetch, all its mirrors together
ABANDONED_SECONDS = 3600.0  # far over the whole: the clock of a network drive may be wrong
CHUNK = 1 << 14  # bytes that must arrive before they count
WORK_PREFIX = ".download-"  # folders of downloads under way


class DownloadError(RuntimeError):
    """A file is neither at hand nor to be had; the message says what to do."""


def fetch(name: str, urls: Sequence[str], sha256: str, default: str) -> Path:
    """The path of a file: from ``LAB_DATA``, from ``data/``, or downloaded.

    The SHA-256 is checked every time, also when the file was there already.
    A download lands in a folder of its own and moves to its place when the sum
    is right, so several processes may fetch the same file at once. What a
    killed process has left is removed by the first call an hour later.

    A mirror is given up after 4 s without an answer, and when it stalls or
    sends less than 50 kB a second: after 10 s with nothing at all. The whole
    is given up after 120 s.

    Args:
        name: the file's name, for example ``"imagenet_val_25.npz"``.
        urls: where it can be had; tried in this order.
        sha256: the expected sum, 64 hexadecimal digits.
        default: what to use instead when it cannot be had; for the message.

    Raises:
        DownloadError: not reachable, too slow, damaged, or not writable.
        FileNotFoundError: ``LAB_DATA`` is set but is no folder.
    """
    classroom = classroom_folder()
    if classroom is not None and (classroom / name).is_file():
        check_sum(classroom / name, sha256)
        return classroom / name
    folder = data_folder()
    target = folder / name
    _remove_abandoned(folder)
    if target.is_file():
        check_sum(target, sha256)
        return target
    work = _work_folder(folder)
    try:
        reasons = _download(name, urls, sha256, work)
        if reasons is None:
            if not target.is_file():  # another process may have been quicker
                os.replace(work / name, target)
            return target
    finally:
        shutil.rmtree(work, ignore_errors=True)
    raise DownloadError(
        f"{name} could not be downloaded:\n" + "\n".join(reasons) + "\n"
        f"Three ways out: (1) use the default, {default}, which needs no network; "
        f"(2) put {name} into {folder} or into the folder that LAB_DATA names; "
        "(3) try again when the network is back."
    )


def check_sum(path: Path, sha256: str) -> None:
    """Raise DownloadError unless the file has this SHA-256."""
    found = pooch.file_hash(str(path))
    if found != sha256:
        raise DownloadError(
            f"{path} is damaged or another file: its SHA-256 is {found}, "
            f"expected {sha256}. Delete it and run the cell again."
        )


def _work_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=folder))
    except OSError as error:
        raise DownloadError(
            f"The download folder {folder} cannot be written ({error.strerror}). "
            "Make it writable, or set LAB_DATA to a folder that holds the file."
        ) from error


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left: no download under way is as old as that."""
    for path in folder.glob(f"{WORK_PREFIX}*"):
        with suppress(FileNotFoundError):  # another process may be cleaning as well
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _download(name: str, urls: Sequence[str], sha256: str, work: Path) -> list[str] | None:
    """Download to ``work / name``: None, or why each mirror failed."""
    downloader = partial(_get, deadline=time.monotonic() + WHOLE_SECONDS)
    reasons = []
    for url in urls:
        try:
            pooch.retrieve(url, f"sha256:{sha256}", name, work, downloader=downloader)
            return None
        except (requests.RequestException, OSError, ValueError) as error:
            reasons.append(f"  {url}\n    {_reason(error)}")
    return reasons


def _get(url: str, output_file: str, _: object, deadline: float) -> None:
    """Write what a URL gives into a file; pooch calls it.

    The connection lives in a thread of its own, because no time-out of requests
    covers the look-up of a name, or a server that sends a byte now and then.

    Raises:
        TimeoutError, requests.RequestException, OSError
    """
    arrived: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
    given_up = threading.Event()

    def read() -> None:
        try:
            with requests.get(url, stream=True, timeout=STALL_SECONDS) as response:
                response.raise_for_status()
                arrived.put(b"")
                for chunk in response.iter_content(CHUNK):
                    if given_up.is_set():
                        return
                    arrived.put(chunk)
            arrived.put(None)
        except Exception as error:  # raised again by the thread that waits
            arrived.put(error)

    start = time.monotonic()
    limit, answered, received = min(start + ANSWER_SECONDS, deadline), False, 0
    threading.Thread(target=read, daemon=True).start()
    try:
        with open(output_file, "wb") as file:
            while (chunk := _next(arrived, limit)) is not None:
                file.write(chunk)
                received += len(chunk)
                if not answered:
                    answered, body = True, time.monotonic()
                limit = min(body + STALL_SECONDS + received / SLOWEST, deadline)
    except queue.Empty:
        seconds = time.monotonic() - start
        raise TimeoutError(
            f"too slow: {received} bytes within {seconds:.0f} s" if answered
            else f"no answer within {seconds:.0f} s") from None
    finally:
        given_up.set()


def _next(arrived: queue.SimpleQueue, limit: float) -> bytes | None:
    """The next chunk, None at the end; queue.Empty when the time is over."""
    remaining = limit - time.monotonic()
    if remaining <= 0:  # however much is waiting
        raise queue.Empty
    item = arrived.get(timeout=remaining)
    if isinstance(item, Exception):
        raise item
    return item


def _reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.ConnectionError):
        return f"no connection, or one that broke off ({type(error).__name__})"
    if isinstance(error, TimeoutError):
        return str(error)
    return f"{type(error).__name__}: {str(error)[:200]}"
