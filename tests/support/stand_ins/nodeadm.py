# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nodeadm of the AMI for EC2. A file FAULT has it fail in one of the ways in which it does, or may.

It reads NodeConfigs in JSON only, as there is no YAML in Python; and does nothing about containerd, disks and networks.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from base64 import b64decode
from binascii import Error as NotBase64
from email import message_from_string
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NoReturn

from .instance import identity, metadata

FAULT = Path("/etc/stand-ins/nodeadm-fault")
"""``nothing``: ends with 0 at once. ``not-started``: writes its files, and ends with 0, but no kubelet comes.
``bad-flag``: the kubelet does not take what it is started with. ``fatal``: ends with 1. ``hang``: waits for an hour."""
RUNS = Path("/var/log/nodeadm-runs")
API_VERSION = "node.eks.aws/v1alpha1"
HELP = """nodeadm - From zero to Node faster than you can say Elastic Kubernetes Service

  Usage:
    nodeadm [config|init]

  Subcommands:
    config   Manage configuration
    init     Initialize this instance as a node in an EKS cluster
"""
KUBECONFIG = """---
apiVersion: v1
kind: Config
clusters:
  - name: kubernetes
    cluster:
      certificate-authority: /etc/kubernetes/pki/ca.crt
      server: {endpoint}
current-context: kubelet
contexts:
  - name: kubelet
    context:
      cluster: kubernetes
      user: kubelet
users:
  - name: kubelet
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1beta1
        command: aws
        args: ["eks", "get-token", "--cluster-name", "{name}", "--region", "{region}"]
"""


def main() -> None:
    """The commands init and config check."""
    words = sys.argv[1:]
    if not words or words[0] in ("--help", "-h"):
        print(HELP)
        sys.exit(0 if words else 1)
    sources = [words[at + 1] for at, word in enumerate(words) if word in ("-c", "--config-source")]
    if words[:2] == ["config", "check"]:
        _validate(_load(sources))
    elif words[0] == "init":
        _init(sources or ["imds://user-data"])
    else:
        print(HELP)
        sys.exit(1)


def _init(sources: list[str]) -> None:
    if os.geteuid() != 0:
        _fatal("must run as root")
    with RUNS.open("a") as runs:
        print(*sources, file=runs)
    fault = FAULT.read_text().strip() if FAULT.exists() else ""
    if fault == "hang":
        time.sleep(3600)
    if fault == "nothing":
        _log("info", "done!")
        return
    config = _load(sources)
    _log("info", "Loaded configuration", config=config)
    _validate(config)
    if fault == "fatal":
        _fatal("operation error EC2: DescribeInstances, exceeded maximum number of attempts")
    _configure(config["spec"], ["--no-such-flag"] if fault == "bad-flag" else [])
    if fault != "not-started":
        subprocess.run(["systemctl", "start", "--no-block", "kubelet"], check=True)
    _log("info", "done!")


def _load(sources: list[str]) -> dict[str, Any]:
    """The NodeConfigs of all sources, merged (nodeadm/internal/configprovider, nodeadm/internal/api/merge.go)."""
    found = []
    for source in sources:
        scheme, _colon, path = source.partition("://")
        if scheme == "imds":
            found += _documents(metadata("user-data") or "")
        elif scheme == "file" and Path(path).is_dir():
            names = sorted(one for one in Path(path).iterdir() if one.suffix in (".json", ".yaml", ".yml"))
            found += [document for name in names for document in _documents(name.read_text())]
        elif scheme == "file":
            found += _documents(Path(path).read_text())
        else:
            _fatal(f"unknown scheme: {scheme}")
    if not found:
        _fatal("no config in chain")
    merged: dict[str, Any] = {}
    for document in found:
        merged = _merged(merged, document, ())
    return merged


def _documents(text: str) -> list[dict[str, Any]]:
    if text.startswith(("Content-Type:", "MIME-Version:")):
        parts = message_from_string(text).walk()
        texts = [str(part.get_payload()) for part in parts if part.get_content_type() == "application/node.eks.aws"]
        if not texts:
            _fatal("could not find NodeConfig within UserData")
        return [_document(one) for one in texts]
    return [_document(text)]


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        _fatal("could not find NodeConfig within UserData")
    kind = (document.get("apiVersion"), document.get("kind")) if isinstance(document, dict) else None
    if kind != (API_VERSION, "NodeConfig"):
        _fatal("no kind NodeConfig is registered for this version")
    return document


def _merged(one: dict[str, Any], other: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    both = dict(one)
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(both.get(key), dict):
            both[key] = _merged(both[key], value, (*path, key))
        elif (*path, key) == ("spec", "kubelet", "flags"):
            both[key] = [*both.get(key, []), *value]
        else:
            both[key] = value
    return both


def _validate(config: dict[str, Any]) -> None:
    """nodeadm/internal/api/validation.go, and what its decoder refuses."""
    cluster = config.get("spec", {}).get("cluster", {})
    for field in ("name", "apiServerEndpoint", "certificateAuthority", "cidr"):
        if not cluster.get(field):
            _fatal(f"{field} is missing in cluster configuration")
    try:
        b64decode(cluster["certificateAuthority"], validate=True)
    except NotBase64:
        _fatal("illegal base64 data")
    flags = config["spec"].get("kubelet", {}).get("flags", [])
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        _fatal("json: cannot unmarshal string into Go struct field of type []string")
    if any(not isinstance(gate, bool) for gate in config["spec"].get("featureGates", {}).values()):
        _fatal("json: cannot unmarshal string into Go struct field of type bool")
    if cluster.get("enableOutpost") and not cluster.get("id"):
        _fatal("CIDR, id are missing in cluster configuration")


def _configure(spec: dict[str, Any], more_flags: list[str]) -> None:
    """nodeadm/internal/kubelet"""
    cluster, kubelet, instance = spec["cluster"], spec.get("kubelet", {}), identity()
    version = subprocess.run(["/usr/bin/kubelet", "--version"], check=True, capture_output=True, text=True).stdout
    if not re.search(r"v1\.\d+", version):
        _fatal("cannot tell the version of the kubelet")
    by_id = spec.get("featureGates", {}).get("InstanceIdNodeName")
    name = instance["instanceId"] if by_id else metadata("meta-data/local-hostname")
    flags = {
        "node-ip": metadata("meta-data/local-ipv4"),
        "cloud-provider": "external",
        "hostname-override": name,
        "config": "/etc/kubernetes/kubelet/config.json",
        "kubeconfig": "/var/lib/kubelet/kubeconfig",
    }
    config = {
        "clusterDNS": [str(ip_network(cluster["cidr"])[10])],
        "maxPods": 29,
        "providerID": f"aws:///{instance['availabilityZone']}/{instance['instanceId']}",
    }
    if kubelet.get("config"):
        flags["config-dir"] = "/etc/kubernetes/kubelet/config.json.d"
        _write(f"{flags['config-dir']}/40-nodeadm.conf", json.dumps(kubelet["config"]))
    _write(flags["config"] or "", json.dumps(config))
    endpoint = {"endpoint": cluster["apiServerEndpoint"], "name": cluster["name"], "region": instance["region"]}
    _write(flags["kubeconfig"] or "", KUBECONFIG.format(**endpoint))
    _write("/etc/kubernetes/pki/ca.crt", b64decode(cluster["certificateAuthority"]).decode())
    arguments = [*(f"--{flag}={value}" for flag, value in flags.items()), *kubelet.get("flags", []), *more_flags]
    _write("/etc/eks/kubelet/environment", f"NODEADM_KUBELET_ARGS={' '.join(arguments)}\n")


def _write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def _log(level: str, message: str, **fields: Any) -> None:
    print(
        json.dumps({"level": level, "ts": time.time(), "msg": message, **fields}),
        file=sys.stderr,
    )


def _fatal(problem: str) -> NoReturn:
    _log("fatal", "Command failed", error=problem)
    sys.exit(1)


if __name__ == "__main__":
    main()
