# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of nodes, read as the systems read it: by parsers of MIME, YAML and TOML, and by a shell's rules."""

from __future__ import annotations

import base64
import re
import shlex
import tomllib
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from typing import Any

import yaml
from ruamel.yaml import YAML

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data

AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").decode()
CLUSTER: dict[str, Any] = {
    "name": "prod",
    "endpoint": "https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com",
    "certificate_authority": {"data": AUTHORITY},
    "kubernetes_network_config": {"ip_family": "ipv4", "service_ipv4_cidr": "172.20.0.0/16"},
    "status": "ACTIVE",
}
_BOOTSTRAP = r"^& \(Join-Path \$env:ProgramFiles 'Amazon\\EKS\\Start-EKSBootstrap\.ps1'\) (.*) 3>&1 4>&1 5>&1 6>&1$"
QUOTES = r"'\u2018\u2019\u201a\u201b"  # what PowerShell takes for quotes
LITERAL = re.compile(rf" ?-(\w+) '((?:[^{QUOTES}]|[{QUOTES}]{{2}})*)'")


def user_data(family: str = "al2023", **options: Any) -> str:
    """The user data of a node of the cluster."""
    return node_user_data(CLUSTER, family, **options)


def parts(text: str) -> list[tuple[str, str]]:
    """The parts of a MIME document, each with its content type."""
    message = message_from_string(text)
    assert message.get_content_type() == "multipart/mixed"
    assert not message.defects
    found: Any = message.get_payload()
    return [(part.get_content_type(), content(part)) for part in found]


def content(part: Any) -> str:
    assert isinstance(part, Message)
    assert not part.defects
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def node_configs(text: str) -> list[dict[str, Any]]:
    """The specs of the NodeConfigs in a MIME document, in order. YAML 1.1 and 1.2 must agree on them."""
    return [spec(content) for kind, content in parts(text) if kind == "application/node.eks.aws"]


def spec(document: str) -> dict[str, Any]:
    read = read_yaml(document)
    assert (read["apiVersion"], read["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
    found: dict[str, Any] = read["spec"]
    return found


def read_yaml(document: str) -> Any:
    read = yaml.safe_load(document)
    assert YAML(typ="safe", pure=True).load(document) == read
    return read


def settings(text: str) -> dict[str, Any]:
    """The settings of Bottlerocket."""
    found: dict[str, Any] = tomllib.loads(text)["settings"]
    return found


def powershell(text: str) -> tuple[list[str], dict[str, str], list[str]]:
    """The commands before the bootstrap of Windows, its arguments, and the commands after it."""
    lines = text.split("\n")
    assert (lines[0], lines[-2:]) == ("<powershell>", ["</powershell>", ""])
    number, match = next((at, found) for at, line in enumerate(lines) if (found := re.match(_BOOTSTRAP, line)))
    literals = list(LITERAL.finditer(match[1]))
    assert "".join(literal[0] for literal in literals) == match[1]
    arguments = {literal[1]: re.sub(f"([{QUOTES}])[{QUOTES}]", r"\1", literal[2]) for literal in literals}
    return lines[1:number], arguments, lines[number + 1 : -2]


def cloud_config(text: str) -> tuple[dict[str, str], list[list[str]]]:
    """The files that a cloud-config writes, by path, and the commands that it runs."""
    first, _newline, document = text.partition("\n")
    assert first == "#cloud-config"
    read = read_yaml(document)
    return {file["path"]: file["content"] for file in read["write_files"]}, read["runcmd"]


def bootstrap_words(text: str) -> list[str]:
    """The words of the command that bootstraps Ubuntu."""
    files, _commands = cloud_config(text)
    line = next(line for line in files["/etc/eks/user-data/bootstrap"].split("\n") if line.startswith("/etc/eks/"))
    return shlex.split(line)


def kubelet_flags(family: str, text: str) -> Iterator[str]:
    """The flags of the kubelet in the user data of a family that has them."""
    if family == "al2023":
        return iter(node_configs(text)[0].get("kubelet", {}).get("flags", []))
    if family == "windows":
        return iter(powershell(text)[1].get("KubeletExtraArgs", "").split())
    words = bootstrap_words(text)
    return iter(words[words.index("--kubelet-extra-args") + 1].split() if "--kubelet-extra-args" in words else [])


def labels(family: str, text: str) -> dict[str, str]:
    """The labels that a node of a family gets."""
    if family == "bottlerocket":
        found: dict[str, str] = settings(text)["kubernetes"].get("node-labels", {})
        return found
    given = [flag.partition("=")[2] for flag in kubelet_flags(family, text) if flag.startswith("--node-labels=")]
    return dict(pair.split("=") for one in given for pair in one.split(","))


def taints(family: str, text: str) -> set[tuple[str, str, str]]:
    """The taints that a node of a family gets: key, value and effect."""
    if family == "al2023":
        config = node_configs(text)[0].get("kubelet", {}).get("config", {})
        return {(one["key"], one.get("value", ""), one["effect"]) for one in config.get("registerWithTaints", [])}
    if family == "bottlerocket":
        by_key = settings(text)["kubernetes"].get("node-taints", {})
        return {(key, *one.split(":")) for key, ones in by_key.items() for one in ones}
    given = [
        flag.partition("=")[2] for flag in kubelet_flags(family, text) if flag.startswith("--register-with-taints=")
    ]
    pairs = [one.split(":") for flag in given for one in flag.split(",")]
    return {(key.partition("=")[0], key.partition("=")[2], effect) for key, effect in pairs}
