# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is so on the host that this runs on, as far as system and kubelet go. Only looks. Runs on hosts.

Paths are those that both programs called nodeadm use: https://github.com/awslabs/amazon-eks-ami (nodeadm/internal) and
https://github.com/aws/eks-hybrid (internal/kubelet).
"""

from __future__ import annotations

import re
import shlex
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, build_opener

from ansible_collections.flotilla.eks.plugins.module_utils._tls import trusting

KUBELET = "/usr/bin/kubelet"
UNIT = "kubelet.service"
KUBECONFIG = Path("/var/lib/kubelet/kubeconfig")
AUTHORITY = Path("/etc/kubernetes/pki/ca.crt")
ENVIRONMENT = Path("/etc/eks/kubelet/environment")
TIMEOUT = 10  # seconds
_SERVER = re.compile(r"^\s*server:\s*[\"']?(\S+?)[\"']?\s*$", re.MULTILINE)
_VERSION = re.compile(r"^Kubernetes (v\S+)$", re.MULTILINE)
_NODE_NAME = re.compile(r"--hostname-override=(\S+)")


def joined() -> dict[str, Any]:
    """What the kubelet was last led to: ``endpoint`` and ``authority`` (PEM, in base64) of a cluster, and the
    ``node_name`` that it has there, empty without; and the state of its unit, ``kubelet``."""
    server, name = _SERVER.search(text(KUBECONFIG)), _NODE_NAME.search(text(ENVIRONMENT))
    return {
        "endpoint": server.group(1) if server else "",
        "authority": b64encode(text(AUTHORITY).encode()).decode(),
        "node_name": name.group(1).strip("\"'") if name else "",
        "kubelet": unit("ActiveState").get("ActiveState", ""),
    }


def unit(*properties: str, name: str = UNIT) -> dict[str, str]:
    """Properties of a unit, the kubelet's, as systemd tells them; none without systemd."""
    told = said("systemctl", "show", name, *(f"--property={one}" for one in properties))
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)


def kubelet_version() -> str | None:
    """Such as v1.33.4-eks-99d6cc0; None if there is no kubelet that tells it."""
    found = _VERSION.search(said(KUBELET, "--version"))
    return found.group(1) if found else None


def endpoint_problem(cluster: Mapping[str, Any]) -> str:
    """Why the cluster's API cannot be used from here; any answer over its own TLS will do."""
    authority = (cluster.get("certificate_authority") or {}).get("data")
    if not cluster.get("endpoint") or not authority:
        return ""
    try:
        opener = build_opener(HTTPSHandler(context=trusting(authority)))
        opener.open(f"{cluster['endpoint']}/readyz", timeout=TIMEOUT).close()
    except HTTPError as answer:
        answer.close()
    except (OSError, HTTPException, ValueError) as error:
        return why(error)
    return ""


def why(error: Exception) -> str:
    """What a failed connection says of itself, in short."""
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "verify_message", None) or getattr(reason, "strerror", None) or reason)


def os_release() -> dict[str, str]:
    """https://www.freedesktop.org/software/systemd/man/latest/os-release.html"""
    lines = (line.partition("=") for line in text(Path("/etc/os-release")).splitlines())
    return {name: "".join(shlex.split(value)) for name, found, value in lines if found}


def said(*command: str, timeout: int = TIMEOUT) -> str:
    """What a program says; nothing if it cannot be run."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout + done.stderr


def text(path: Path) -> str:
    """A file's text; nothing if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
