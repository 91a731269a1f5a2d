"""Become another program that ends when the process that started it does.

Run as a script, `python -I -S launch.py PARENT SIGNAL USER COMMAND…`: it imports nothing of ours, is there in
milliseconds, and keeps its process id. What it does cannot be done between fork and exec of a process with threads,
where Python code may wait for ever for a lock that no thread will release.
"""

from __future__ import annotations

import os
import struct
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    parent, end_signal, user, *command = arguments
    if user:
        _be(user)
    # After the change of user, which clears it.
    _end_with(int(parent), int(end_signal))
    os.execvp(command[0], command)


def _end_with(parent: int, end_signal: int) -> None:
    if not sys.platform.startswith("linux"):
        # Nothing of the kind elsewhere: what a killed supervisor leaves is ended by the next one, by its note.
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, end_signal, 0, 0, 0)
    # It may have ended before we asked.
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")


def _be(user: str) -> None:
    """Give up root for a server that refuses to be root, but keep the right to pass through folders.

    What such a server needs lies in folders of root's, often below /root, and to open those to everybody for its sake
    would be worse.
    """
    import ctypes
    import pwd

    entry = pwd.getpwnam(user)
    libc = ctypes.CDLL(None)
    linux = sys.platform.startswith("linux")
    if linux:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if linux:
        bits = 1 << _CAP_DAC_OVERRIDE
        header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
        # Effective, permitted, inheritable, and the same again for the upper 32.
        libc.capset(header, struct.pack("IIIIII", bits, bits, bits, 0, 0, 0))
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
    os.environ["HOME"] = entry.pw_dir
    os.environ["USER"] = os.environ["LOGNAME"] = user


if __name__ == "__main__":
    main(sys.argv[1:])
