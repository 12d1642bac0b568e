"""Fetch one file, once, and never hand out a damaged one."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pooch
import requests

from labutils.files.folders import classroom_folder, data_folder

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0


class DownloadError(RuntimeError):
    """A file is neither at hand nor to be had; the message says what to do."""


def fetch(name: str, urls: Sequence[str], sha256: str, default: str) -> Path:
    """The path of a file: from ``LAB_DATA``, from ``data/``, or downloaded.

    The SHA-256 is checked every time, also when the file was there already.
    pooch downloads to a temporary file and renames it when the sum is right,
    so an interrupted download leaves nothing behind.

    Args:
        name: the file's name, for example ``"imagenet_val_25.npz"``.
        urls: where it can be had; tried in this order.
        sha256: the expected sum, 64 hexadecimal digits.
        default: what to use instead when it cannot be had; for the message.

    Raises:
        DownloadError: not reachable (within 10 s), damaged, or not writable.
    """
    classroom = classroom_folder()
    if classroom is not None and (classroom / name).is_file():
        check_sum(classroom / name, sha256)
        return classroom / name
    folder = data_folder()
    target = folder / name
    if target.is_file():
        check_sum(target, sha256)
        return target
    _check_writable(folder)
    reasons = []
    for url in urls:
        reason = _unreachable(url)
        if reason is None:
            try:
                downloader = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS))
                return Path(pooch.retrieve(url, f"sha256:{sha256}", name, folder,
                                           downloader=downloader))
            except (requests.RequestException, OSError, ValueError) as error:
                reason = f"{type(error).__name__}: {str(error)[:200]}"
        reasons.append(f"  {url}\n    {reason}")
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


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-test"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DownloadError(
            f"The download folder {folder} cannot be written ({error.strerror}). "
            "Make it writable, or set LAB_DATA to a folder that holds the file."
        ) from error


def _unreachable(url: str) -> str | None:
    """Why a URL does not answer, or None when it does.

    In a thread with a limit: a time-out of requests does not cover name
    look-ups, which can hang for half a minute on a machine without network.
    """
    answer: list[str | None] = []

    def ask() -> None:
        try:
            response = requests.head(url, timeout=CONNECT_SECONDS, allow_redirects=True)
            answer.append(None if response.ok else f"the server answered {response.status_code}")
        except requests.RequestException as error:
            answer.append(f"no connection ({type(error).__name__})")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS + 1)
    return answer[0] if answer else f"no answer within {CONNECT_SECONDS + 1:.0f} s"
