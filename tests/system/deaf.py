# SPDX-License-Identifier: ISC
"""Starts a program for which the kernel has no rtnetlink: deaf.py PROGRAM [ARGUMENT..]."""
import ctypes
import errno
import os
import platform
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, DENY = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT


def program():
    """socket(AF_NETLINK, whatever, NETLINK_ROUTE) fails, everything else works."""
    steps = [(LOAD, 0, 0, 0), (EQUAL, 0, 5, SOCKET), (LOAD, 0, 0, 16), (EQUAL, 0, 3, 16),
             (LOAD, 0, 0, 32), (EQUAL, 0, 1, 0), (RETURN, 0, 0, DENY), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps), len(steps)


def main():
    code, steps = program()
    memory = ctypes.create_string_buffer(code)
    filters = ctypes.create_string_buffer(struct.pack("HxxxxxxP", steps, ctypes.addressof(memory)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, filters, 0, 0) != 0:
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
