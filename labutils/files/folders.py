"""Where the project's folders are."""

import os
from pathlib import Path


def data_folder() -> Path:
    """The folder that downloads land in.

    ``data/`` of the project when labutils lies in a checkout, else the
    user's cache folder (labutils was installed with pip).
    """
    home = Path(__file__).resolve().parents[2]
    if (home / "data" / "README.md").is_file():
        return home / "data"
    import pooch

    return Path(pooch.os_cache("smoothgrad-lab"))


def classroom_folder() -> Path | None:
    """The folder named by ``LAB_DATA``, searched before any download.

    Raises:
        FileNotFoundError: ``LAB_DATA`` is set but is no folder.
    """
    name = os.environ.get("LAB_DATA")
    if not name:
        return None
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"LAB_DATA is {name!r}, which is not a folder; set it to the folder "
            "that holds the lab's files, or unset it."
        )
    return folder
