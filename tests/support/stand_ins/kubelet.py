# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubelet that makes its Node, says that it is ready, and runs no pods. On premises, where the pods of its network
plug-in are the simulator's, it leaves it to that to say so.

Labels and taints are set when the Node is made, and never again. https://kubernetes.io/docs/concepts/architecture/nodes/
"""

from __future__ import annotations

import json
import re
import ssl
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from . import instance, premises
from .signing import cluster_token

VERSION = Path("/etc/stand-ins/kubelet-version")
FLAGS = {"node-ip", "cloud-provider", "hostname-override", "config", "config-dir", "kubeconfig", "node-labels", "v"}
FLAGS |= {"register-with-taints", "max-pods", "image-credential-provider-config", "image-credential-provider-bin-dir"}
HEARTBEAT = 1  # seconds; also between two attempts
MERGE = "application/merge-patch+json"
READY = {"status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
NO_NETWORK = {
    "status": "False",
    "reason": "KubeletNotReady",
    "message": "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady"
    " message:Network plugin returns error: cni plugin not initialized",
}
"""pkg/kubelet/runtime.go of github.com/kubernetes/kubernetes, and what containerd says of its network."""


def main() -> None:
    """Run for ever."""
    if "--version" in sys.argv:
        print(f"Kubernetes {VERSION.read_text().strip()}")
        return
    flags = _flags(sys.argv[1:])
    config = _config(flags)
    machine = instance if flags["cloud-provider"] else premises
    api = Api(Path(flags["kubeconfig"]).read_text(), machine)
    while True:
        try:
            _heartbeat(api, flags, {**config, "labels": machine.labels()})
        except HTTPError as error:
            print(f"Unable to register node: {error.code} {error.read().decode(errors='replace')}", flush=True)
        except (URLError, OSError, KeyError) as error:
            print(f"Unable to register node: {error!r}", flush=True)
        time.sleep(HEARTBEAT)


def _flags(arguments: list[str]) -> dict[str, str]:
    """The last of each, but the labels of all. Ends with an unknown one, as the real one does."""
    found: dict[str, str] = {}
    for argument in arguments:
        name, _equals, value = argument.removeprefix("--").partition("=")
        if name not in FLAGS:
            sys.exit(f'"command failed" err="failed to parse kubelet flag: unknown flag: --{name}"')
        found[name] = f"{found[name]},{value}" if name == "node-labels" and name in found else value
    return found


def _config(flags: dict[str, str]) -> dict[str, Any]:
    files = [Path(flags["config"])]
    files += sorted(Path(flags["config-dir"]).glob("*.conf")) if "config-dir" in flags else []
    config: dict[str, Any] = {}
    for file in files:
        config |= json.loads(file.read_text())
    return config


class Api:
    """The cluster that a kubeconfig leads to."""

    def __init__(self, kubeconfig: str, machine: ModuleType) -> None:
        self._machine = machine
        self._server = re.findall(r"server: (\S+)", kubeconfig)[0]
        authority = re.findall(r"certificate-authority: (\S+)", kubeconfig)[0]
        self._cluster, self._region = re.findall(r'"--cluster-name", "(.*?)", "--region", "(.*?)"', kubeconfig)[0]
        self._context = ssl.create_default_context(cafile=authority)

    def send(self, verb: str, path: str, body: Any = None, kind: str = "application/json") -> dict[str, Any]:
        """The answer. Raises HTTPError and OSError."""
        token = cluster_token(self._cluster, self._region, self._machine.keys())
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._server + path, data, headers, method=verb)
        with urlopen(request, context=self._context, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found


def _heartbeat(api: Api, flags: dict[str, str], config: dict[str, Any]) -> None:
    path = f"/api/v1/nodes/{flags['hostname-override']}"
    try:
        node = api.send("GET", path)
    except HTTPError as error:
        if error.code != 404:
            raise
        node = api.send("POST", "/api/v1/nodes", _node(flags, config))
        print("Successfully registered node", flush=True)
    told = node.get("status") or {}
    conditions = _conditions(flags, told.get("conditions") or [])
    version = (told.get("nodeInfo") or {}).get("kubeletVersion")
    if conditions != told.get("conditions") or version != VERSION.read_text().strip():
        api.send("PATCH", f"{path}/status", {"status": _status(flags, conditions)}, MERGE)


def _node(flags: dict[str, str], config: dict[str, Any]) -> dict[str, Any]:
    name = flags["hostname-override"]
    labels = dict(pair.split("=", 1) for pair in flags.get("node-labels", "").split(",") if pair)
    own = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **config["labels"],
    }
    taints = config.get("registerWithTaints", [])
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**own, **labels}},
        "spec": {"providerID": config["providerID"], **({"taints": taints} if taints else {})},
    }


def _conditions(flags: dict[str, str], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What it says of its health: it is Ready, but without a network, which there is none of at first on premises."""
    ready = next((one for one in known if one["type"] == "Ready"), {"status": "Unknown"})
    if ready["status"] == "True" or (ready["status"] == "False" and not flags["cloud-provider"]):
        return known
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    told = READY if flags["cloud-provider"] else NO_NETWORK
    return [{"type": "Ready", **told, "lastHeartbeatTime": now, "lastTransitionTime": now}]


def _status(flags: dict[str, str], conditions: list[dict[str, Any]]) -> dict[str, Any]:
    resources = {
        "cpu": "2",
        "memory": "8130004Ki",
        "pods": flags.get("max-pods", "29"),
        "ephemeral-storage": "20893676Ki",
    }
    version = VERSION.read_text().strip()
    return {
        "capacity": resources,
        "allocatable": resources,
        "addresses": [{"type": "InternalIP", "address": flags["node-ip"]}],
        "conditions": conditions,
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": "1",
            "containerRuntimeVersion": "containerd://2.1.4",
            "kernelVersion": "6.12.46-66.121.amzn2023.x86_64",
            "kubeProxyVersion": version,
            "kubeletVersion": version,
            "machineID": "1",
            "operatingSystem": "linux",
            "osImage": "Amazon Linux 2023.8.20250915",
            "systemUUID": "1",
        },
    }


if __name__ == "__main__":
    main()
