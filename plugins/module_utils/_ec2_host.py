# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is so on the EC2 instance that this runs on, as far as nodes are concerned. Only looks. Runs on hosts.

Paths: https://github.com/awslabs/amazon-eks-ami (templates/al2023/runtime, nodeadm/internal/kubelet).
"""

from __future__ import annotations

import os
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

from ansible_collections.flotilla.eks.plugins.module_utils._ec2_preflight import flavour
from ansible_collections.flotilla.eks.plugins.module_utils._imds import Imds, ImdsError
from ansible_collections.flotilla.eks.plugins.module_utils._tls import trusting

NODEADM = "/usr/bin/nodeadm"
KUBELET = "/usr/bin/kubelet"
UNIT = "kubelet.service"
KUBECONFIG = Path("/var/lib/kubelet/kubeconfig")
AUTHORITY = Path("/etc/kubernetes/pki/ca.crt")
ENVIRONMENT = Path("/etc/eks/kubelet/environment")
NODE_CONFIG = "node.eks.aws"
"""What a NodeConfig has in it, and user data without one have not."""
TIMEOUT = 10  # seconds
_SERVER = re.compile(r"^\s*server:\s*[\"']?(\S+?)[\"']?\s*$", re.MULTILINE)
_VERSION = re.compile(r"^Kubernetes (v\S+)$", re.MULTILINE)
_NODE_NAME = re.compile(r"--hostname-override=(\S+)")


def facts(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What the checks of `_ec2_preflight` judge: all but ``cluster`` and ``roles``."""
    return {
        "uid": os.geteuid(),
        "systemd": Path("/run/systemd/system").is_dir(),
        "os": _os_release(),
        "nodeadm": flavour(_said(NODEADM, "--help")),
        "kubelet_version": _kubelet_version(),
        "imds": instance(),
        "endpoint": _endpoint_problem(cluster),
        "joined": joined(),
    }


def instance() -> dict[str, Any]:
    """Which instance this is: ``problem``, or instance_id, region, zone, account, role and has_node_config."""
    try:
        imds = Imds()
        identity = imds.identity()
        return {
            "problem": None,
            "instance_id": identity["instanceId"],
            "region": identity["region"],
            "zone": identity["availabilityZone"],
            "account": identity["accountId"],
            "role": imds.role(),
            "has_node_config": NODE_CONFIG in (imds.find("user-data") or ""),
        }
    except ImdsError as error:
        return {"problem": str(error)}
    except KeyError as error:
        return {"problem": f"the instance identity document has no {error}"}


def joined() -> dict[str, Any]:
    """What the kubelet was last led to: ``endpoint`` and ``authority`` (PEM, in base64) of a cluster, and the
    ``node_name`` that it has there, empty without; and the state of its unit, ``kubelet``."""
    server, name = _SERVER.search(_text(KUBECONFIG)), _NODE_NAME.search(_text(ENVIRONMENT))
    return {
        "endpoint": server.group(1) if server else "",
        "authority": b64encode(_text(AUTHORITY).encode()).decode(),
        "node_name": name.group(1).strip("\"'") if name else "",
        "kubelet": unit("ActiveState").get("ActiveState", ""),
    }


def unit(*properties: str) -> dict[str, str]:
    """Properties of the kubelet's unit, as systemd tells them; none without systemd."""
    told = _said("systemctl", "show", UNIT, *(f"--property={name}" for name in properties))
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)


def _kubelet_version() -> str | None:
    found = _VERSION.search(_said(KUBELET, "--version"))
    return found.group(1) if found else None


def _endpoint_problem(cluster: Mapping[str, Any]) -> str:
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
        reason = getattr(error, "reason", error)
        return str(getattr(reason, "verify_message", None) or getattr(reason, "strerror", None) or reason)
    return ""


def _os_release() -> dict[str, str]:
    lines = (line.partition("=") for line in _text(Path("/etc/os-release")).splitlines())
    return {name: "".join(shlex.split(value)) for name, found, value in lines if found}


def _said(*command: str) -> str:
    """What a program says; nothing if it cannot be run."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout + done.stderr


def _text(path: Path) -> str:
    """A file's text; nothing if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
