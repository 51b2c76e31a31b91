# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodeadm for machines on premises demands of a NodeConfig (internal/api, internal/node/hybrid/validator.go)."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from pathlib import Path
from typing import Any

_TEXT, _MAP, _LIST, _SWITCH = str, dict, list, bool
_FIELDS: dict[str, Any] = {
    "apiVersion": _TEXT,
    "kind": _TEXT,
    "metadata": _MAP,
    "spec": {
        "cluster": {"name": _TEXT, "region": _TEXT, "apiServerEndpoint": _TEXT, "certificateAuthority": _TEXT}
        | {"cidr": _TEXT},
        "kubelet": {"config": _MAP, "flags": _LIST},
        "containerd": {"config": _TEXT},
        "hybrid": {
            "enableCredentialsFile": _SWITCH,
            "ssm": {"activationCode": _TEXT, "activationId": _TEXT},
            "iamRolesAnywhere": dict.fromkeys(
                (
                    "nodeName",
                    "trustAnchorArn",
                    "profileArn",
                    "roleArn",
                    "awsConfigPath",
                    "certificatePath",
                    "privateKeyPath",
                ),
                _TEXT,
            ),
        },
    },
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PKI = {"certificatePath": "/etc/iam/pki/server.pem", "privateKeyPath": "/etc/iam/pki/server.key"}


class BadConfig(Exception):
    """What nodeadm says is wrong."""


def load(source: str) -> dict[str, Any]:
    """The NodeConfig in a file, in JSON, as there is no YAML in Python. Raises BadConfig."""
    scheme, _colon, path = source.partition("://")
    if scheme != "file" or not Path(path).is_file():
        raise BadConfig(f"unable to read config source {source}")
    try:
        config = json.loads(Path(path).read_text(), object_pairs_hook=_once)
    except ValueError as problem:
        raise BadConfig(f"error converting YAML to JSON: {problem}") from None
    if (config.get("apiVersion"), config.get("kind")) != ("node.eks.aws/v1alpha1", "NodeConfig"):
        raise BadConfig("no kind NodeConfig is registered for this version")
    _decode(config, _FIELDS, "")
    _validate(config["spec"])
    return dict(config["spec"])


def provider_of(spec: dict[str, Any]) -> str:
    """ssm or iam-ra."""
    return "ssm" if "ssm" in spec["hybrid"] else "iam-ra"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise BadConfig("a key is there twice")
    return dict(pairs)


def _decode(value: Any, form: Any, where: str) -> None:
    if isinstance(form, dict):
        if not isinstance(value, dict):
            raise BadConfig(f"json: cannot unmarshal into Go struct field {where}")
        for key, one in value.items():
            if key not in form:
                raise BadConfig(f'strict decoding error: unknown field "{where}{key}"')
            _decode(one, form[key], f"{where}{key}.")
    elif not isinstance(value, form):
        raise BadConfig(f"json: cannot unmarshal into Go struct field {where.rstrip('.')}")


def _validate(spec: dict[str, Any]) -> None:
    cluster, hybrid = spec.get("cluster", {}), spec.get("hybrid", {})
    for field in ("name", "region"):
        if not cluster.get(field):
            raise BadConfig(f"{field.capitalize()} is missing in cluster configuration")
    for field in ("apiServerEndpoint", "certificateAuthority", "cidr"):
        if not cluster.get(field):
            raise BadConfig(f"this stand-in cannot describe clusters: give {field}")
    try:
        b64decode(cluster["certificateAuthority"], validate=True)
    except NotBase64:
        raise BadConfig("illegal base64 data") from None
    if any(flag.startswith("--hostname-override=") for flag in spec.get("kubelet", {}).get("flags", [])):
        raise BadConfig("hostname-override kubelet flag is not supported for hybrid nodes")
    if ("ssm" in hybrid) == ("iamRolesAnywhere" in hybrid):
        raise BadConfig("exactly one of IAMRolesAnywhere or SSM must be provided for hybrid node configuration")
    if "ssm" in hybrid:
        _validate_ssm(hybrid["ssm"])
    else:
        _validate_anywhere(hybrid["iamRolesAnywhere"])


def _validate_ssm(ssm: dict[str, str]) -> None:
    code, number = ssm.get("activationCode", ""), ssm.get("activationId", "")
    if not 20 <= len(code) <= 250:
        raise BadConfig(f"invalid ActivationCode format: {code}. Must match regex: ^.{{20,250}}$")
    if not _UUID.fullmatch(number):
        raise BadConfig(f"invalid ActivationID format: {number}")


def _validate_anywhere(anywhere: dict[str, str]) -> None:
    for field in ("roleArn", "profileArn", "trustAnchorArn"):
        if not anywhere.get(field):
            raise BadConfig(f"{field} is missing in hybrid iam roles anywhere configuration")
    if not 1 <= len(anywhere.get("nodeName", "").encode()) <= 64:
        raise BadConfig("NodeName can't be longer than 64 characters in hybrid iam roles anywhere configuration")
    for field, path in PKI.items():
        if not Path(anywhere.get(field, path)).is_file():
            raise BadConfig(f"IAM Roles Anywhere {field} {anywhere.get(field, path)} not found")
