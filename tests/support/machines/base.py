# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file system that all machines start from: a small Debian or Ubuntu, made once, and kept as one file.

A directory in its place would be walked by every tool that looks at the checkout.

mmdebstrap takes half the time of debootstrap: apt installs all packages at once, and nothing is flushed to disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.checkout import CHECKOUT

CACHE = CHECKOUT / "build" / "machines"
USER = "ec2-user"
"""Whom one logs in as; with sudo, becomes root without a password. As on Amazon Linux."""

PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "ssh": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}
"""What this computer needs, and the packages that have it."""

_PACKAGES = ("dbus", "iproute2", "openssh-server", "python3", "python3-cryptography", "sudo", "systemd-sysv")
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
_MASKED = ("console-getty", "getty@tty1", "systemd-journal-flush", "systemd-udevd", "systemd-update-utmp")
_RECIPE = [
    "--mode=root",
    "--format=tar",
    "--variant=essential",
    f"--include={','.join(_PACKAGES)}",
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=force-unsafe-io",
    *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
    f'--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash {USER}',
    f'--customize-hook=echo "{USER} ALL=(ALL) NOPASSWD: ALL" > "$1/etc/sudoers.d/{USER}"',
    '--customize-hook=rm "$1"/etc/ssh/ssh_host_*',
    *(f'--customize-hook=chroot "$1" systemctl mask --quiet {unit}.service' for unit in _MASKED),
]


class CannotMake(Exception):
    """There can be no machines here; the message says why, and what to do."""


def base() -> Path:
    """The archive of the base, which is made if it is not there yet. Raises CannotMake."""
    require()
    key = hashlib.sha256("\n".join([_release(), platform.machine(), *_RECIPE]).encode()).hexdigest()[:12]
    archive = CACHE / f"base-{key}.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with _alone():
            if not archive.exists():
                _make(archive)
    return archive


def require() -> None:
    """Raises CannotMake, with all that this computer lacks."""
    if os.geteuid() != 0:
        raise CannotMake(
            "Machines for tests need mounts and namespaces, which only root can make: run this as root, in a virtual "
            "machine or in a container with all privileges"
        )
    lacking = missing_packages()
    if lacking:
        raise CannotMake(
            f"Machines for tests need more packages: apt-get install {' '.join(lacking)}; make test-hosts does it"
        )


def hindrance() -> str:
    """Why there can be no machines on this computer, whatever is installed; nothing if there can."""
    try:
        _release()
    except (CannotMake, OSError) as problem:
        return str(problem)
    if os.geteuid() != 0:
        return "Machines for tests need root"
    try:
        _run(["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], dict(os.environ))
    except (CannotMake, OSError) as problem:
        return f"Machines for tests need mounts and namespaces: {problem}"
    return ""


def missing_packages() -> list[str]:
    """The packages that have programs which are not there."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def install(packages: list[str]) -> None:
    """Install packages by apt-get. Raises CannotMake."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        _run(["apt-get", "--quiet", "--quiet", *arguments], environment)


def _make(archive: Path) -> None:
    partial = archive.with_suffix(".partial.tar")
    began = time.monotonic()
    print(f"Making the base of the machines with mmdebstrap ({_release()}), once: about half a minute.", flush=True)
    _run(["mmdebstrap", "--quiet", *_RECIPE, _release(), str(partial)], dict(os.environ))
    partial.rename(archive)
    print(f"Made it in {time.monotonic() - began:.0f} s.", flush=True)


def _release() -> str:
    """The release of this computer, whose packages it knows how to verify."""
    release = platform.freedesktop_os_release()
    if release["ID"] not in ("debian", "ubuntu"):
        raise CannotMake(f"Machines for tests are made on Debian and Ubuntu, not on {release['ID']}")
    return release["VERSION_CODENAME"]


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotMake(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


@contextmanager
def _alone() -> Iterator[None]:
    """While another process makes the base, wait for it."""
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
