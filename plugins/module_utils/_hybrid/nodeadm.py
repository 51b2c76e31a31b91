# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nodeadm for machines on premises: how it is fetched, and how it is run. Runs on hosts, as root.

It ends with 0 also where it has done nothing, so that what it has done is looked for elsewhere, always.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
from http.client import HTTPException
from pathlib import Path
from typing import Any

from ansible.module_utils.urls import open_url

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import why
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed, hint
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.host import NODEADM
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.node import blotted
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_host import credentials
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import (
    NoRelease,
    checksum_of,
    matches,
    url_of,
    version_in,
)

FETCHING = 60  # seconds without a byte


def fetch(releases: str, version: str, checksum: str) -> None:
    """Put the nodeadm of a version in its place, at once. Raises Failed."""
    try:
        url = url_of(releases, version, platform.machine())
        wanted = checksum_of(checksum or _get(f"{url}.sha256").decode("utf-8", "replace"))
    except NoRelease as problem:
        raise Failed(str(problem)) from None
    content = _get(url)
    if not matches(content, wanted):
        raise Failed(
            f"what {url} answers has not the checksum {wanted[0]}:{wanted[1]}, so it was not installed: look whether "
            "the mirror or a proxy alters it, and whether nodeadm_version and nodeadm_checksum belong together"
        )
    NODEADM.parent.mkdir(parents=True, exist_ok=True)
    temporary = NODEADM.with_name(".nodeadm.new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(0o755)
    _require_version(temporary, version, url)
    temporary.replace(NODEADM)


def nodeadm(*words: str, timeout: int, secret: str = "") -> str:
    """What nodeadm said. Raises Failed, without the ``secret``, if it did not end well, or not in time."""
    command, secrets = f"nodeadm {' '.join(words)}", (secret, *credentials())
    process = subprocess.Popen(
        [str(NODEADM), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that what it has started ends with it
    )
    try:
        log, _nothing = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        log, _nothing = process.communicate()
        raise Failed(f"{command} was not done after {timeout} s. {blotted(hint(log), *secrets)}") from None
    if process.returncode:
        raise Failed(f"{command} ended with {process.returncode}. {blotted(hint(log), *secrets)}")
    return blotted(log, *secrets)


def _get(url: str) -> bytes:
    """Through the proxy of the environment, if it names one. Raises Failed."""
    try:
        with open_url(url, timeout=FETCHING) as answer:
            content: bytes = answer.read()
    except (OSError, HTTPException, ValueError) as problem:
        raise Failed(
            f"{url} cannot be fetched ({why(problem)}): check the way there (proxy, firewall, name server), or name "
            "a mirror in releases"
        ) from None
    return content


def _require_version(program: Path, version: str, url: str) -> None:
    done: Any = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    found = version_in(done.stdout + done.stderr)
    if found != version:
        raise Failed(f"what {url} answers says that it is nodeadm {found or 'of no version'}, not {version}")
