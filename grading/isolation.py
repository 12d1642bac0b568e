"""A room of its own for a process: no network, few files, no view of other processes.

Linux namespaces, without privileges. The process sees a new root that holds only what it was
given; nothing but /tmp, /dev/shm and the folders named as shared can be written to.
"""

import ctypes
import os
import sys
from pathlib import Path

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PIDS, NEW_NETWORK = (
    0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
READ_ONLY, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 32, 4096, 16384, 1 << 18
NO_SUID, NO_DEVICES = 2, 4
DETACH = 2
PARENT_DEATH_SIGNAL, ADOPT_ORPHANS, NO_NEW_PRIVILEGES = 1, 36, 38
# statvfs's names for the mount flags that a remount may not drop.
KEPT_FLAGS = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}
INSIDE_ID = 1000  # not root inside, so the rooms' walls cannot be unmounted from inside

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/sys/devices/system",
          "/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/fonts",
          "/etc/localtime", "/etc/alternatives",
          "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
libc = ctypes.CDLL(None, use_errno=True)


def leave_the_others() -> None:
    """Give this process and its children no network, no rights and, to the children, no
    sight of other processes.

    Raises:
        OSError: the system does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_USER | NEW_IPC | NEW_NETWORK | NEW_PIDS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE_ID} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE_ID} {group} 1")


def move_in(readable: list[Path], shared: list[Path], scratch_bytes: int) -> None:
    """Move the first child born after ``leave_the_others`` into a room with few files.

    Args:
        readable: files and folders that can be read, besides the system's own.
        shared: folders that can also be written to.
        scratch_bytes: size of /tmp and of /dev/shm, which are new and empty.

    Raises:
        OSError: the system does not allow it; the process may be half inside then and
            should end.
    """
    _call("unshare", NEW_MOUNTS)
    _mount("none", "/", RECURSIVE | PRIVATE)
    _build(Path("/tmp"), readable, shared, scratch_bytes)
    _set(NO_NEW_PRIVILEGES, 1)


def die_with_parent(signal_number: int) -> None:
    """Have this process receive a signal when its parent ends."""
    _set(PARENT_DEATH_SIGNAL, signal_number)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _set(ADOPT_ORPHANS, 1)


def _build(new: Path, readable: list[Path], shared: list[Path], scratch_bytes: int) -> None:
    # The old /tmp disappears under the new root, but what is shared may lie in it.
    handles = {path: os.open(path, os.O_PATH) for path in [*readable, *shared]}
    _mount("tmpfs", str(new), NO_SUID | NO_DEVICES, kind="tmpfs")
    for folder in ("tmp", "dev/shm", "proc", "old"):
        (new / folder).mkdir(parents=True)
    for folder in ("tmp", "dev/shm"):
        _mount("tmpfs", str(new / folder), NO_SUID | NO_DEVICES, kind="tmpfs",
               data=f"size={scratch_bytes}")
    # While the old /proc is still in sight; a new one is refused without it.
    _mount("proc", str(new / "proc"), NO_SUID | NO_DEVICES, kind="proc")
    _mount_terminals(new)
    for name in SYSTEM:
        _show_system(Path(name), new)
    for path, handle in handles.items():
        _bind(f"/proc/self/fd/{handle}", path, new, writable=path in shared)
        os.close(handle)
    os.chdir(new)
    _call("pivot_root", b".", b"old")
    _call("umount2", b"/old", DETACH)
    os.rmdir("/old")
    _mount("none", "/", REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEVICES)
    os.chdir("/tmp")


def _mount_terminals(new: Path) -> None:
    """Terminals of its own: a notebook's "!command" asks for one."""
    (new / "dev" / "pts").mkdir()
    _mount("devpts", str(new / "dev" / "pts"), NO_SUID, kind="devpts",
           data="newinstance,ptmxmode=0666")
    (new / "dev" / "ptmx").symlink_to("pts/ptmx")


def _show_system(path: Path, new: Path) -> None:
    if path.is_symlink() and path.is_dir():  # /lib on a merged /usr
        (new / path.relative_to("/")).symlink_to(os.readlink(path))
    elif path.exists():
        _bind(str(path), path, new, writable=False)


def _bind(source: str, path: Path, new: Path, writable: bool) -> None:
    target = new / path.relative_to("/")
    if target.exists() and os.path.samefile(source, target):
        return  # lies in a folder that is shown already
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.isdir(source):
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(source, str(target), BIND | RECURSIVE)
    if not writable:
        present = os.statvfs(target).f_flag
        kept = sum(flag for name, flag in KEPT_FLAGS.items() if present & name)
        _mount("none", str(target), REMOUNT | BIND | READ_ONLY | kept)


def _mount(source: str, target: str, flags: int, kind: str | None = None,
           data: str | None = None) -> None:
    as_bytes = [None if text is None else text.encode() for text in (source, target, kind, data)]
    _call("mount", as_bytes[0], as_bytes[1], as_bytes[2], ctypes.c_ulong(flags), as_bytes[3],
          about=target)


def _set(option: int, value: int) -> None:
    if sys.platform != "linux":
        return  # no such thing elsewhere; processes that hide from their group may survive
    _call("prctl", option, ctypes.c_ulong(value), 0, 0, 0)


def _call(name: str, *arguments: object, about: str = "") -> None:
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name} {about}: {os.strerror(number)}")
