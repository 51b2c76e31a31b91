# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of Amazon Linux 2023: a MIME document of scripts for cloud-init and NodeConfigs for nodeadm. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._user_data.node_config_form import MEDIA_TYPE
from ansible_collections.flotilla.eks.plugins.plugin_utils._documents import as_yaml
from ansible_collections.flotilla.eks.plugins.plugin_utils._node_config import (
    check_together,
    checked_spec,
    node_config,
    spec_in,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import Node, UserDataError, text

SCRIPT = "text/x-shellscript"
_CONTENT_TYPE = re.compile(r"(?!multipart/)[a-z]+/[a-z0-9.+-]+")

Part = tuple[str, Any]
"""A content type, and a text, or of a NodeConfig its spec."""


def al2023(node: Node, more: Mapping[str, Any], before: Sequence[Any], after: Sequence[Any]) -> str:
    """Parts that are given before, the node's own, ``more`` of NodeConfig's spec, and parts that are given after.
    Raises UserDataError."""
    parts = [*parts_of("before", before), (MEDIA_TYPE, spec_of(node))]
    parts += [(MEDIA_TYPE, checked_spec("node_config", more))] if more else []
    parts += parts_of("after", after)
    check_together(content for kind, content in parts if kind == MEDIA_TYPE)
    return _mime([(kind, as_yaml(node_config(content)) if kind == MEDIA_TYPE else content) for kind, content in parts])


def merged(node: Node, more: Mapping[str, Any]) -> dict[str, Any]:
    """The node's own NodeConfig and ``more`` of its spec as one, merged as nodeadm does: mappings member by member, the
    flags of both, of all else the latter (nodeadm/internal/api/merge.go). Raises UserDataError."""
    return node_config(_together(spec_of(node), checked_spec("node_config", more), ()))


def _together(one: Mapping[str, Any], other: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    both = dict(one)
    for key, value in other.items():
        here = (*path, key)
        if isinstance(value, Mapping) and isinstance(both.get(key), Mapping):
            both[key] = _together(both[key], value, here)
        elif here == ("kubelet", "flags"):
            both[key] = [*both.get(key, []), *value]
        else:
            both[key] = value
    return both


def parts_of(where: str, given: Sequence[Any]) -> list[Part]:
    """The parts that a user gave: scripts as texts, others with their content_type. Raises UserDataError."""
    if isinstance(given, (str, Mapping)):
        raise UserDataError(f"{where}: this is one part; give a list of parts")
    return [_part(f"{where}[{number}]", part) for number, part in enumerate(given)]


def script(where: str, content: Any) -> str:
    """A script, which without a first line that says for what is run by nobody. Raises UserDataError."""
    if not isinstance(content, str) or not content.startswith("#!"):
        raise UserDataError(
            f"{where}: a script begins with a line such as #!/bin/sh; for another part give content_type"
        )
    return text(where, content)


def _part(where: str, part: Any) -> Part:
    if not isinstance(part, Mapping):
        return SCRIPT, script(where, part)
    if set(part) != {"content_type", "content"}:
        raise UserDataError(
            f"{where}: a part has content_type and content, but this one has {', '.join(map(str, part))}"
        )
    kind, content = part["content_type"], part["content"]
    if not isinstance(kind, str) or not _CONTENT_TYPE.fullmatch(kind):
        raise UserDataError(f"{where}: {kind!r} is no content type such as {SCRIPT}, text/cloud-config or {MEDIA_TYPE}")
    if kind == MEDIA_TYPE:
        return MEDIA_TYPE, spec_in(where, content)
    if kind == SCRIPT:
        return SCRIPT, script(where, content)
    if not isinstance(content, str):
        raise UserDataError(f"{where}: the content of a part of {kind} is a text")
    return str(kind), text(where, content)


def spec_of(node: Node) -> dict[str, Any]:
    """What a NodeConfig says of a node and its cluster."""
    cluster, config = node.cluster, dict(node.kubelet)
    if node.dns != (cluster.dns,):  # which nodeadm finds out by itself
        config["clusterDNS"] = list(node.dns)
    if node.max_pods is not None:
        config["maxPods"] = node.max_pods
    if node.taints:
        config["registerWithTaints"] = [
            {"key": taint.key, **({"value": taint.value} if taint.value else {}), "effect": taint.effect}
            for taint in node.taints
        ]
    kubelet = {"config": config, "flags": [*node.label_flags, *node.flags]}
    outpost = {"enableOutpost": True, "id": cluster.outpost_id} if cluster.outpost_id else {}
    spec = {
        "cluster": {
            "name": cluster.name,
            "apiServerEndpoint": cluster.endpoint,
            "certificateAuthority": cluster.certificate_authority,
            "cidr": cluster.service_cidr,
            **outpost,
        },
        "kubelet": {key: value for key, value in kubelet.items() if value},
    }
    return {key: value for key, value in spec.items() if value}


def _mime(parts: Iterable[tuple[str, str]]) -> str:
    """A boundary that follows from the content: it cannot occur there, and the same content has the same user data."""
    encoded = [_encoded(kind, content) for kind, content in parts]
    whole = "".join(part.as_string() for part in encoded)
    document = MIMEMultipart("mixed", boundary=hashlib.sha256(whole.encode()).hexdigest()[:32])
    for part in encoded:
        document.attach(part)
    return document.as_string()


def _encoded(kind: str, content: str) -> MIMENonMultipart:
    """A part as it is, or in base64 where it has more than ASCII, or line ends that mail would not keep."""
    part = MIMENonMultipart(*kind.split("/"))
    if content.isascii() and all(sign.isprintable() or sign in "\n\t" for sign in content):
        part["Content-Transfer-Encoding"] = "7bit"
        part.set_payload(content)
    else:
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(base64.encodebytes(content.encode()).decode("ascii"))
    return part
