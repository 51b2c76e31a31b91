# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host knows of a proxy: files, environment, and units. Only looks. Runs on hosts."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import TIMEOUT, text, unit, why
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy import (
    ENVIRONMENT,
    NAMES,
    OURS,
    SHARED,
    File,
    Proxy,
    variables_in,
)


def files() -> dict[str, File]:
    """Those that may tell of a proxy and are there, by path."""
    found = {path: Path(path) for path in (*OURS, *SHARED.values())}
    return {name: File(text(path), stat.S_IMODE(path.stat().st_mode)) for name, path in found.items() if path.is_file()}


def variables() -> dict[str, str]:
    """What our file says; nothing if there is none."""
    return variables_in(text(Path(ENVIRONMENT)))


def adopt(told: Mapping[str, str] | None = None) -> None:
    """Have this process, and what it starts, go by a proxy: by that of our file, if none is ``told``."""
    wanted = variables() if told is None else told
    for name in NAMES if wanted else ():
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in wanted.items() if value})


def in_environment() -> Proxy | None:
    """The proxy that this process goes by."""
    http, https, exceptions = (os.environ.get(name) or os.environ.get(name.lower(), "") for name in NAMES[:3])
    return Proxy(http, https, exceptions.split(",") if exceptions else ()) if http or https else None


def credentials() -> list[str]:
    """What is secret of it."""
    proxy = in_environment()
    return proxy.credentials if proxy else []


def silent(proxy: Proxy | None) -> str:
    """Which proxy does not answer at all, and why."""
    for url in sorted({proxy.http, proxy.https} - {""}) if proxy else ():
        try:
            place = urlsplit(url)
            socket.create_connection((place.hostname or "", place.port or 80), timeout=TIMEOUT).close()
        except (OSError, ValueError) as problem:
            return f"the proxy {url.rpartition('@')[2].rpartition('//')[2]} does not answer ({why(problem)})"
    return ""


def environment_of(name: str) -> dict[str, str] | None:
    """What the main process of a unit runs with; None if there is none."""
    number = unit("MainPID", name=name).get("MainPID", "0")
    try:
        lines = Path("/proc", number, "environ").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return None
    return {key: value for key, equals, value in (line.partition("=") for line in lines) if equals}
