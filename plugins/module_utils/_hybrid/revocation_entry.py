# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module roles_anywhere_crl to IAM Roles Anywhere and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import conclude, guarded
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import revocation
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.certificates import (
    HAS_CRYPTOGRAPHY,
    Authority,
    authority,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.revocation import Wish
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused

ARGUMENT_SPEC: Values = {
    "trust_anchor_arn": {"type": "str", "required": True},
    "name": {"type": "str", "default": "flotilla-eks"},
    "common_names": {"type": "list", "elements": "str", "default": []},
    "certificates": {"type": "list", "elements": "str", "default": []},
    "ca_certificate": {"type": "path"},
    "ca_key": {"type": "path"},
    "ca_passphrase": {"type": "str", "no_log": True},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_by={"ca_key": ["ca_certificate"]}
    )
    if not HAS_CRYPTOGRAPHY:
        module.fail_json(msg=missing_required_lib("cryptography"))
    params = module.params
    who = f"revocation list {params['name']} of {params['trust_anchor_arn']}"
    converge = _present if params["state"] == "present" else _absent
    outcome, found = guarded(module, who, lambda: _about(who, lambda: converge(module)))
    conclude(module, who, outcome, certificates=found)


def _about(who: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Refused as refusal:
        raise Refused(f"{who}: {refusal}") from None


def _present(module: Any) -> Any:
    params = module.params
    wish = Wish(
        trust_anchor_arn=params["trust_anchor_arn"],
        name=params["name"],
        now=datetime.now(UTC),
        names=params["common_names"],
        given=params["certificates"],
        authority=_authority(params),
        tags={str(key): str(value) for key, value in (params["tags"] or {}).items()},
    )
    return revocation.make_present(client_for(module), wish, module.check_mode)


def _absent(module: Any) -> Any:
    params = module.params
    wish = Wish(params["trust_anchor_arn"], params["name"], datetime.now(UTC))
    return revocation.make_absent(client_for(module), wish, module.check_mode), []


def _authority(params: Values) -> Authority | None:
    if not params["ca_certificate"]:
        return None
    key = _content("ca_key", params["ca_key"]) if params["ca_key"] else None
    return authority(_content("ca_certificate", params["ca_certificate"]), key, params["ca_passphrase"])


def _content(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Refused(f"{option}: {path} cannot be read: {error.strerror}") from None
