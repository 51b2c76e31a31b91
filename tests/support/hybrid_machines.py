# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises, a server with releases of nodeadm, and a cluster that they can join."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.machines import File, Files, Machines
from support.serving import FREE, Serving
from support.stand_ins import __file__ as stand_ins
from support.surroundings import Surroundings

NODEADM = "v1.0.20"
RELEASES = {"1.33": "v1.33.4-eks-99d6cc0", "1.34": "v1.34.1-eks-113cf36", "1.34.1": "v1.34.1-eks-113cf36"}
_HERE = Path(stand_ins).parent
_SHARED = ("anywhere_client.py", "authority.py")
_PROGRAM = """#!/usr/bin/python3
import os, sys
os.environ["NODEADM_VERSION"] = "{version}"
sys.dont_write_bytecode = True
sys.path.insert(0, "/opt")
from stand_ins.hybrid_nodeadm import main
main()
"""
_APT = """#!/usr/bin/python3
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "/opt")
from stand_ins.apt import main
main()
"""
_PACKAGE = {"auto": False, "needed": True, "new": True, "held": False}
PACKAGES: Files = {
    "/etc/stand-ins/packages.json": File(
        json.dumps(
            {
                "containerd": _PACKAGE,
                "runc": {**_PACKAGE, "auto": True},
                "postgresql": _PACKAGE,
                "pinned": {**_PACKAGE, "held": True},
                "orphan": {**_PACKAGE, "auto": True, "needed": False},
            }
        )
    ),
    **{f"/usr/local/bin/{name}": File(_APT, mode=0o755) for name in ("apt", "apt-get", "apt-mark")},
}
"""A system with apt, and packages of somebody else."""
UBUNTU = 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.2 LTS"\n'
NOT_HERE = ["node_ip", "overlap", "time", "disk", "memory", "swap"]
"""What machines of tests share with the computer that they are on."""
EXPIRES = 5 * 24 * 3600
"""For how many seconds of the simulated time, which runs fast, activations are good."""


class Releases(Serving):
    """Releases of nodeadm below `url`, with checksums, and `manifest`, the list of versions of Kubernetes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for version in (NODEADM, "v1.0.21"):
            self.put(version, _PROGRAM.format(version=version).encode())
        (directory / "manifest.json").write_text(json.dumps(RELEASES))
        (directory / "ssm-setup-cli").write_text("#!/bin/sh\n")

    def put(self, version: str, program: bytes, checksum_of: bytes | None = None) -> None:
        """Release something, with its checksums or those of something else."""
        for architecture in ("amd64", "arm64"):
            path = self._directory / version / "bin" / "linux" / architecture / "nodeadm"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(program)
            for kind in ("sha256", "sha512"):
                digest = hashlib.new(kind, checksum_of or program).hexdigest()
                path.with_suffix(f".{kind}").write_text(f"{digest}  nodeadm\n")

    def make_server(self) -> HTTPServer:
        return ThreadingHTTPServer(FREE, partial(_Quiet, directory=str(self._directory)))

    @property
    def manifest(self) -> str:
        return f"{self.url}/manifest.json"


def here(releases: Releases) -> dict[str, Any]:
    """Variables that lead to a server of the tests in the place of AWS's, and do not wait for long."""
    return {
        "hybrid_nodes_releases": releases.url,
        "hybrid_nodes_endpoints": [releases.manifest],
        "hybrid_nodes_skip_checks": NOT_HERE,
        "hybrid_nodes_install_attempts": 1,
        "hybrid_nodes_activation_expires_in": EXPIRES,
        "hybrid_nodes_ready_timeout": 30,
    }


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *_arguments: object) -> None:
        """Say nothing."""


class HybridMachines(Machines):
    """Machines with Ubuntu, on which nothing is installed. ``files`` are more of them, by machine."""

    def __init__(
        self,
        aws: Surroundings,
        releases: Releases,
        directory: Path,
        names: Sequence[str],
        *,
        files: Mapping[str, Files] | None = None,
        locked_in: Mapping[str, Sequence[int]] | None = None,
        warm: bool = True,
    ) -> None:
        known = {"aws": aws.simulator.url, "manifest": releases.manifest, "bucket": releases.url}
        common: Files = {
            "/etc/os-release": File(UBUNTU),
            "/etc/stand-ins/premises.json": File(json.dumps(known), mode=0o600),
            **{f"/opt/support/{name}": File(source=str(_HERE.parent / name)) for name in _SHARED},
            **{f"/opt/stand_ins/{path.name}": File(source=str(path)) for path in _HERE.glob("*.py")},
        }
        machines = {name: (files or {}).get(name, {}) for name in names}
        super().__init__(machines, directory, common=common, locked_in=locked_in, warm=warm)
        for number, name in enumerate(names, 1):
            self.add(name, {"/etc/stand-ins/node-ip": File(f"10.80.0.{number}\n")})
