"""What a process gives up by Linux's Landlock: changing any file, TCP connections, signals to others.

Rights that it has given up never come back, also not to the programs that it starts. Older kernels know fewer of
these, other systems none: there `give_up` does what it can.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

# System call numbers, which are the same on all processors, and the values of linux/landlock.h and linux/prctl.h.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_WRITE_FILE = 1 << 1
# Removing and making of every kind of entry.
_CHANGE_FOLDERS = sum(1 << bit for bit in range(4, 13))
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1


def give_up() -> int:
    """Give them up for good; the version of Landlock that holds from now on, 0 where the system has none."""
    if not sys.platform.startswith("linux"):
        return 0
    library = ctypes.CDLL(None, use_errno=True)
    version = int(library.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION))
    if version < 1:
        return 0
    rules = _attributes(version)
    ruleset = int(library.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0))
    if ruleset < 0:
        return 0
    try:
        _allow_nowhere(library, ruleset)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        held = library.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)
    return version if held else 0


def _attributes(version: int) -> bytes:
    """The rights that are handled, and so denied, as far as this version of Landlock knows them."""
    files = _WRITE_FILE | _CHANGE_FOLDERS
    files |= _REFER if version >= 2 else 0
    files |= _TRUNCATE if version >= 3 else 0
    fields = [files]
    if version >= 4:
        fields.append(_BIND_TCP | _CONNECT_TCP)
    if version >= 6:
        fields.append(_SCOPE_SOCKETS | _SCOPE_SIGNALS)
    return struct.pack(f"={len(fields)}Q", *fields)


def _allow_nowhere(library: ctypes.CDLL, ruleset: int) -> None:
    """Programs open the null device for writing when they want nothing written."""
    handle = os.open(os.devnull, os.O_RDONLY)
    try:
        rule = struct.pack("=Qi", _WRITE_FILE, handle)
        library.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(handle)
