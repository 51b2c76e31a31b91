# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process of ``warm``: imports what a program begins with, then forks for each run that is asked for."""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LENGTH = 8

PLAYBOOK = ["ansible.cli.playbook", "ansible.executor.process.worker", "ansible.plugins.action.normal"]
PLAYBOOK += ["ansible.executor.module_common", "ansible.plugins.strategy.linear", "ansible.plugins.callback.default"]

LOADED = ["connection", "shell", "become", "callback"]  # what ansible-playbook loads all of, whatever it is to run
COLLECTIONS = ["ansible.builtin", "amazon.aws", "kubernetes.core", "flotilla.eks"]
OURS = "ansible_collections.flotilla.eks.plugins"
LOOKUPS = ["ami", "token"]


def prepare_module(shared: Path) -> None:
    """Do once what each module would do for itself."""
    prepare = importlib.import_module("warm_module").prepare  # not above: Ansible starts without boto3
    prepare(shared / "compiled")


def prepare_playbook(shared: Path) -> None:
    """Import what each playbook needs, have Ansible read what its plugins and collections say of themselves, and keep
    the modules that it packs."""
    for wanted in PLAYBOOK:
        importlib.import_module(wanted)
    plugins = importlib.import_module("ansible.plugins.loader")
    plugins.init_plugin_loader()
    for kind in LOADED:
        list(getattr(plugins, f"{kind}_loader").all(class_only=True))
    for collection in COLLECTIONS:
        importlib.import_module(f"ansible_collections.{collection}")
    filters = importlib.import_module(f"{OURS}.filter.eks").FILTERS.values()
    for ours in (*(f"lookup.{name}" for name in LOOKUPS), *(home for home, _unused in filters)):
        importlib.import_module(f"{OURS}.{ours}")
    # Each run sets up a way to collections of its own, and warns of one that is there already.
    importlib.import_module("ansible.utils.collection_loader._collection_finder")._AnsibleCollectionFinder._remove()
    packed = Path(importlib.import_module("ansible.constants").DEFAULT_LOCAL_TMP) / "ansiballz_cache"
    (shared / "packed").mkdir(exist_ok=True)
    packed.symlink_to(shared / "packed")


def module(arguments: list[str]) -> None:
    """Run the script on standard input as an interpreter would."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.argv = ["", *arguments]
    exec(compile(sys.stdin.read(), "<stdin>", "exec"), main.__dict__)


def playbook(arguments: list[str]) -> None:
    """ansible-playbook."""
    command = importlib.import_module("ansible.cli.playbook")
    sys.argv = ["ansible-playbook", *arguments]
    command.main()


PROGRAMS: dict[str, tuple[Callable[[Path], None], Callable[[list[str]], None]]] = {
    "module": (prepare_module, module),
    "playbook": (prepare_playbook, playbook),
}


def main() -> None:
    """Arguments: the program, the socket's path, a descriptor that ends when we are no longer wanted, and a directory
    for what all warm processes may share."""
    name, address, life, shared = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    prepare, program = PROGRAMS[name]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    prepare(shared)
    gc.collect()
    gc.freeze()  # what is imported is never garbage, and looking at it would copy its memory into each fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while True:
        if life in select.select([listener.fileno(), life], [], [])[0]:
            return
        line, _unused = listener.accept()
        if os.fork() == 0:
            listener.close()
            os.close(life)
            _serve(line, program)
        line.close()


def _serve(line: socket.socket, program: Callable[[list[str]], None]) -> None:
    """Run the program in a process of its own, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _unused, _unused = socket.recv_fds(line, LENGTH, 3)
    order = line.makefile("rb").read(int.from_bytes(length, "big"))
    child = os.fork()
    if child == 0:
        line.close()
        os._exit(_run(order, streams, program))
    _unused, status = os.waitpid(child, 0)
    with suppress(OSError):
        line.sendall(b"%d" % (os.waitstatus_to_exitcode(status) % 256))
    os._exit(0)


def _run(order: bytes, streams: list[int], program: Callable[[list[str]], None]) -> int:
    """The run itself, from the streams to the exit status."""
    directory, count, *fields = order.split(b"\0")
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(directory)
    os.environb.clear()
    for field in fields[int(count) :]:
        name, _unused, value = field.partition(b"=")
        os.environb[name] = value
    try:
        program([os.fsdecode(argument) for argument in fields[: int(count)]])
        status: object = 0
    except SystemExit as end:
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    if isinstance(status, str):
        print(status, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    return status if isinstance(status, int) else int(status is not None)


if __name__ == "__main__":
    main()
