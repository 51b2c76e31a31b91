# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NodeConfig of a machine on premises, with and without its secrets. Pure, and runs on hosts.

What nodeadm demands of it: github.com/aws/eks-hybrid (internal/api, internal/node/hybrid/validator.go).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import ROLES_ANYWHERE, SSM
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.node_config_form import (
    HYBRID_SPEC,
    is_node_config,
    misfits,
)

REGISTERED = {"activationId": "00000000-0000-0000-0000-000000000000", "activationCode": "this-host-is-registered"}
"""What stands for an activation where none is needed: nodeadm demands one of the right form, also of a host that is
registered, and then does not use it."""
_CODE = re.compile(r"\S{20,250}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST = 64  # bytes of a node's name by certificates
BLOTTED = "********"


def problems(node_config: Mapping[str, Any]) -> list[str]:
    """What is wrong with a NodeConfig without secrets, all of it."""
    if not is_node_config(node_config):
        return ["this is no NodeConfig: make it with the filter flotilla.eks.hybrid_node_config"]
    spec = node_config.get("spec") or {}
    found = list(misfits("spec", spec, HYBRID_SPEC))
    if found:
        return found
    cluster, hybrid = spec.get("cluster", {}), spec.get("hybrid", {})
    wanted = ("name", "region", "apiServerEndpoint", "certificateAuthority", "cidr")
    found += [f"spec.cluster.{name} is missing" for name in wanted if not cluster.get(name)]
    if ("ssm" in hybrid) == ("iamRolesAnywhere" in hybrid):
        found.append("spec.hybrid has to have one of ssm and iamRolesAnywhere")
    if hybrid.get("ssm"):
        found.append("spec.hybrid.ssm is no place for an activation: give activation_id and activation_code")
    flags = spec.get("kubelet", {}).get("flags", [])
    found += [f"spec.kubelet.flags: nodeadm refuses {flag}" for flag in flags if flag.startswith("--hostname-override")]
    anywhere = hybrid.get("iamRolesAnywhere") or {}
    names = ("nodeName", "trustAnchorArn", "profileArn", "roleArn") if "iamRolesAnywhere" in hybrid else ()
    found += [f"spec.hybrid.iamRolesAnywhere.{name} is missing" for name in names if not anywhere.get(name)]
    if len(str(anywhere.get("nodeName", "")).encode()) > _MOST:
        found.append(f"spec.hybrid.iamRolesAnywhere.nodeName is longer than {_MOST} bytes")
    return found


def provider_of(node_config: Mapping[str, Any]) -> str:
    """The credential provider that a NodeConfig is for."""
    return SSM if "ssm" in node_config["spec"]["hybrid"] else ROLES_ANYWHERE


def activation_problem(number: str, code: str) -> str:
    """What is wrong with an activation; never the code itself, which is a secret."""
    if not _ID.fullmatch(number):
        return f"activation_id: {number!r} is no id of an activation"
    return "" if _CODE.fullmatch(code) else "activation_code is no code of an activation, of 20 to 250 characters"


def with_secrets(node_config: Mapping[str, Any], number: str, code: str) -> str:
    """The text that nodeadm is given."""
    spec = node_config["spec"]
    if provider_of(node_config) == ROLES_ANYWHERE:
        return json.dumps(node_config)
    ssm = {"activationId": number, "activationCode": code} if code else REGISTERED
    return json.dumps({**node_config, "spec": {**spec, "hybrid": {**spec["hybrid"], "ssm": ssm}}})


def blotted(said: str, *secrets: str) -> str:
    """What a program said, without the secrets, also where they were quoted as in JSON."""
    for form in (form for secret in secrets if secret for form in (json.dumps(secret)[1:-1], secret)):
        said = said.replace(form, BLOTTED)
    return said
