# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of Amazon Linux 2023, as nodeadm reads it: NodeConfigs in a MIME document, or one alone. Pure.

What is taken and what is not, and the words: nodeadm's own source (https://github.com/awslabs/amazon-eks-ami, below
nodeadm/internal: configprovider, api/bridge, api/merge.go, api/validation.go, api/net.go), and what
https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/ says of each member.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from email import errors, message_from_bytes
from email.message import Message
from functools import reduce
from ipaddress import ip_interface
from typing import Any

import yaml

from . import kubelet
from .encoding import decoded, unpacked
from .model import Bootstrap, Rejected

_GROUP, _VERSIONS, _KIND = "node.eks.aws", ("v1alpha1",), "NodeConfig"
_MEDIA = f"application/{_GROUP}"
NO_BOOTSTRAP = """\
ERROR: bootstrap.sh has been removed from AL2023-based EKS AMIs.
EKS nodes are now initialized by nodeadm."""
"""What the script that other AMIs are bootstrapped by prints here (https://github.com/awslabs/amazon-eks-ami/issues/2426)."""
_SHAPE: dict[str, Any] = {
    "cluster": {
        "name": str,
        "apiServerEndpoint": str,
        "certificateAuthority": bytes,
        "cidr": str,
        "enableOutpost": bool,
        "id": str,
    },
    "kubelet": {"config": dict, "flags": [str], "maxPodsExpression": str},
    "containerd": {"config": str, "baseRuntimeSpec": dict},
    "instance": {
        "localStorage": {"strategy": str, "mountPath": str, "disabledMounts": [str]},
        "environment": {"*": {"*": str}},
        "network": {"nameservers": [str], "domains": [str]},
    },
    "featureGates": {"*": bool},
}
"""The types of NodeConfig's members; `*` stands for any name. What has another type is refused, what is not here is
dropped."""
_NAMES = {str: "string", bool: "bool", dict: "map[string]runtime.RawExtension", bytes: "[]uint8"}


class _Reader(yaml.SafeLoader):
    """YAML without dates, which JSON has not: nodeadm turns the one into the other."""


_Reader.yaml_implicit_resolvers = {
    sign: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def al2023(user_data: bytes) -> Bootstrap:
    """What nodeadm makes of the user data of an instance. Raises Rejected."""
    if not user_data:
        raise _rejected(
            "operation error ec2imds: GetUserData, http response error StatusCode: 404, request to EC2 IMDS failed"
        )
    spec = reduce(_merged, [_spec(document) for document in _documents(_opened(user_data))])
    cluster, flags = spec.get("cluster", {}), spec.get("kubelet", {}).get("flags", [])
    _check(cluster)
    config = spec.get("kubelet", {}).get("config", {})
    arguments = [word for flag in flags for word in kubelet.words(flag)]
    return Bootstrap(
        family="al2023",
        cluster=cluster["name"],
        endpoint=cluster["apiServerEndpoint"],
        authority=cluster["certificateAuthority"],
        cidr=cluster["cidr"],
        dns=kubelet.cluster_dns(arguments, config) or (_dns(cluster["cidr"]),),
        kubelet=kubelet.kubelet(arguments, config),
        pods=spec.get("kubelet", {}).get("maxPodsExpression", ""),
        named_by_id=bool(spec.get("featureGates", {}).get("InstanceIdNodeName")),
    )


def is_node_config(user_data: bytes) -> bool:
    """Whether somebody who looks without a parser finds a NodeConfig in it."""
    return _GROUP.encode() in user_data


def _opened(data: bytes) -> bytes:
    try:
        return unpacked(decoded(data))
    except ValueError as problem:
        raise _rejected(f"failed to decompress user data: failed to read from GZIP reader: {problem}") from None


def _documents(data: bytes) -> list[bytes]:
    """The NodeConfigs, in order. Raises Rejected."""
    message = message_from_bytes(data)
    broken = any(isinstance(defect, errors.MissingHeaderBodySeparatorDefect) for defect in message.defects)
    if broken or message.get_content_maintype() != "multipart":
        return [data]
    _check_boundaries(message)
    parts: Any = message.get_payload()
    found = [_opened(_content(part)) for part in parts if part.get_content_type() == _MEDIA]
    if not found:
        raise _rejected("could not find NodeConfig within UserData")
    return found


def _check_boundaries(message: Message) -> None:
    kinds = {type(defect) for defect in message.defects}
    if errors.NoBoundaryInMultipartDefect in kinds:
        raise _rejected("multipart: boundary is empty")
    if errors.StartBoundaryNotFoundDefect in kinds or not message.is_multipart():
        raise _rejected("multipart: NextPart: EOF")
    if errors.CloseBoundaryNotFoundDefect in kinds:
        raise _rejected("unexpected EOF")


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _spec(document: bytes) -> dict[str, Any]:
    """The spec of a NodeConfig, its members of the right types. Raises Rejected."""
    try:
        read = next(yaml.load_all(document, _Reader), None)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as problem:
        raise _rejected(f"couldn't get version/kind; yaml: {_one_line(problem)}") from None
    if not isinstance(read, dict):
        raise _rejected(f"couldn't get version/kind; json parse error: cannot unmarshal {_kind(read)} into Go value")
    kind, version = read.get("kind"), read.get("apiVersion")
    if not kind or not isinstance(kind, str):
        raise _rejected("Object 'Kind' is missing in the user data")
    if not version or not isinstance(version, str):
        raise _rejected("Object 'apiVersion' is missing in the user data")
    group, _slash, name = version.partition("/")
    if kind != _KIND or group != _GROUP or name not in _VERSIONS:
        raise _rejected(f'no kind "{kind}" is registered for version "{version}" in scheme')
    return dict(_typed(read.get("spec"), _SHAPE, "spec") or {})


def _typed(value: Any, shape: Any, path: str) -> Any:
    """`value` if it is of that shape, without the members that the shape has not; null is nothing. Raises Rejected."""
    if value is None:
        return None
    if isinstance(shape, dict):
        _require(isinstance(value, dict), value, "struct", path)
        return {str(name): typed for name, typed in _members(value, shape, path) if typed is not None}
    if isinstance(shape, list):
        _require(isinstance(value, list), value, f"[]{_NAMES[shape[0]]}", path)
        return [_typed(one, shape[0], path) or "" for one in value]
    if shape is bytes:
        _require(isinstance(value, str), value, _NAMES[bytes], path)
        return _base64(value)
    _require(isinstance(value, shape), value, _NAMES[shape], path)
    return value


def _members(value: Mapping[Any, Any], shape: Mapping[str, Any], path: str) -> Iterator[tuple[Any, Any]]:
    for name, member in value.items():
        if name in shape or "*" in shape:
            yield name, _typed(member, shape.get(name, shape.get("*")), f"{path}.{name}")


def _require(fits: bool, value: Any, kind: str, path: str) -> None:
    if not fits:
        raise _rejected(f"json: cannot unmarshal {_kind(value)} into Go struct field NodeConfig.{path} of type {kind}")


def _base64(value: str) -> str:
    try:
        base64.b64decode(re.sub(r"[\r\n]", "", value), validate=True)
    except (binascii.Error, ValueError):
        raise _rejected("illegal base64 data at input byte 0") from None
    return value


def _merged(former: Any, latter: Any, path: tuple[str, ...] = ()) -> Any:
    """The latter over the former: maps are merged, the flags of the kubelet add up, what is empty changes nothing."""
    if isinstance(former, dict) and isinstance(latter, dict):
        both = {name: _merged(former[name], latter[name], (*path, name)) for name in former.keys() & latter.keys()}
        return {**former, **latter, **both}
    if path == ("kubelet", "flags"):
        return [*former, *latter]
    return former if latter in (None, "", [], {}) else latter


def _check(cluster: Mapping[str, Any]) -> None:
    """ValidateNodeConfig, in its order, and the range of services, from which nodeadm has the DNS. Raises Rejected."""
    wanted = {
        "name": "Name",
        "apiServerEndpoint": "Apiserver endpoint",
        "certificateAuthority": "Certificate authority",
        "cidr": "CIDR",
    }
    for member, said in wanted.items():
        if not cluster.get(member):
            raise _rejected(f"{said} is missing in cluster configuration")
    if cluster.get("enableOutpost") and not cluster.get("id"):
        raise _rejected("CIDR is missing in cluster configuration")  # so it says, and means the id
    try:
        if "/" not in cluster["cidr"]:
            raise ValueError
        ip_interface(cluster["cidr"])
    except ValueError:
        cidr = cluster["cidr"]
        raise _rejected(f"{cidr} is not a valid IP Address. error: invalid CIDR address: {cidr}") from None


def _dns(cidr: str) -> str:
    """GetClusterDns: the tenth address, made of the text of the range."""
    return f"{cidr.partition('/')[0]}a" if ":" in cidr else f"{cidr.rpartition('.')[0]}.10"


def _kind(value: Any) -> str:
    return {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), f"number {value}")


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())


def _rejected(message: str) -> Rejected:
    return Rejected("nodeadm", message)
