"""Archives (``.npz``, ``.pth``) looked at before they are unpacked."""

import zipfile
from pathlib import Path


def check_unpacked_size(path: Path, limit: int, caller: str) -> None:
    """Raise ValueError if a zip archive would unpack to more than ``limit`` bytes.

    A few kilobytes of zip can hold gigabytes of zeros; its directory says how many.
    A file that is no zip archive passes: whoever reads it says what is wrong with it.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError) as error:
        raise ValueError(f"{caller}: {path.name} cannot be read, its zip directory is damaged "
                         f"({error}); copy or download it again.") from error
    if size > limit:
        raise ValueError(f"{caller}: {path.name} would take {size / 1e6:.0f} MB when unpacked; "
                         f"expected at most {limit / 1e6:.0f} MB.")
