# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a warm process (see ``warm``) for a run. Called as a program it stands where Ansible looks for an interpreter.

That program starts for each module, so this file imports only what every Python has in memory anyway, and ``socket``.
"""

import os
import socket
import sys

LENGTH = 8  # bytes


def ask(address, arguments, directory, environment, streams):  # type: ignore[no-untyped-def]
    """Have the warm process at ``address`` run its program, and return the exit status.

    All texts are bytes; ``streams`` are the descriptors of the run's standard input, output and error.
    """
    fields = [directory, b"%d" % len(arguments), *arguments, *(b"=".join(item) for item in environment.items())]
    order = b"\0".join(fields)
    rights = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        line.sendmsg([len(order).to_bytes(LENGTH, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        line.sendall(order)
        return int(line.recv(LENGTH) or 255)


def main():  # type: ignore[no-untyped-def]
    """Arguments: a warm process's address, the real interpreter, and what Ansible gives to an interpreter.

    A module is piped in without arguments; with any, the real interpreter is what is wanted.
    """
    address, real, *arguments = sys.argv[1:]
    if arguments:
        os.execv(real, [real, *arguments])
    return ask(address, [], os.getcwdb(), os.environb, (0, 1, 2))


if __name__ == "__main__":
    sys.exit(main())
