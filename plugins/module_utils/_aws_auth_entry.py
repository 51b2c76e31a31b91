# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``aws_auth`` to the ConfigMap of a cluster and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._aws_auth import (
    SECTIONS,
    TYPES,
    BadRows,
    Edited,
    Row,
    edited,
    rows_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._client import client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import described, kubernetes_for
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError, Object
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience
from ansible_collections.flotilla.eks.plugins.module_utils._yaml_text import HAS_YAML

OPTIONS = {"mapRoles": "map_roles", "mapUsers": "map_users"}
NAME = "aws-auth"
COLLECTION = "/api/v1/namespaces/kube-system/configmaps"
CONTENDED = Patience(timeout=30, delay=2)  # while somebody else writes too

USER: Values = {"username": {"type": "str"}, "groups": {"type": "list", "elements": "str"}}
ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "cluster": {"type": "dict"},
    "role_arn": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "map_roles": {
        "type": "list",
        "elements": "dict",
        "options": {
            "rolearn": {"type": "str", "required": True},
            "type": {"type": "str", "choices": list(TYPES)},
            **USER,
        },
        "mutually_exclusive": [("type", "username"), ("type", "groups")],
    },
    "map_users": {
        "type": "list",
        "elements": "dict",
        "options": {"userarn": {"type": "str", "required": True}, **USER},
    },
}


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_one_of=[list(OPTIONS.values())]
    )
    if not HAS_YAML:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    who = f"ConfigMap {NAME} of cluster {module.params['cluster_name']}"
    before, result = guarded(module, who, lambda: _kept(module, who))
    for section in result.rewritten:
        module.warn(f"{who}: the layout of {section} is too unusual to be edited: it is written anew, without comments")
    module.exit_json(**_result(module, who, before, result))


def _kept(module: Any, who: str) -> tuple[Mapping[str, str], Edited]:
    """The data before, and what became of it. Raises Refused, AwsError and KubernetesError."""
    params = module.params
    present = params["state"] == "present"
    wanted = {
        section: [_row(row, SECTIONS[section]) for row in params[option] or []] for section, option in OPTIONS.items()
    }

    def plan(data: Mapping[str, str]) -> Edited:
        try:
            return edited(data, wanted, present)
        except BadRows as error:
            raise Refused(f"{who}: {error}") from None

    plan({})  # what cannot be is said before anything is asked
    return converged(_api(module, who), plan, module.check_mode)


def _api(module: Any, who: str) -> Kubernetes:
    """The API of a cluster that reads the ConfigMap. Raises Refused and AwsError."""
    params = module.params
    name, given = params["cluster_name"], params["cluster"] or {}
    cluster = given if given.get("endpoint") else described(client_for(module), name)
    if params["state"] == "present" and pick(cluster, "access_config.authentication_mode") == "API":
        raise Refused(
            f"{who}: with authentication mode API, the cluster looks nobody up in it; use flotilla.eks.access_entry"
        )
    return kubernetes_for(module, name, cluster, params["role_arn"] or "")


def _row(given: Values, key: str) -> Row:
    if given.get("type"):
        return Row(given[key], *TYPES[given["type"]])
    return Row(given[key], given["username"], None if given["groups"] is None else tuple(given["groups"]))


def converged(
    api: Kubernetes, plan: Callable[[Mapping[str, str]], Edited], check_mode: bool
) -> tuple[Mapping[str, str], Edited]:
    """Writes what differs, planned anew if somebody else wrote in between. Raises Refused and KubernetesError."""
    conflict = None
    for _try in CONTENDED.tries():
        found = api.find(f"{COLLECTION}/{NAME}")
        before = (found or {}).get("data") or {}
        result = plan(before)
        if not result.changes or check_mode:
            return before, result
        try:
            _write(api, found, result.data)
            return before, result
        except KubernetesError as error:
            if error.code != 409:
                raise
            conflict = error
    raise conflict or AssertionError("there is always a first try")


def _write(api: Kubernetes, found: Object | None, data: Mapping[str, str]) -> None:
    """Creates the ConfigMap, or changes it as long as it is what was found."""
    if found is None:
        metadata = {"name": NAME, "namespace": "kube-system"}
        api.create(COLLECTION, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)})
    else:
        version = {"resourceVersion": found["metadata"]["resourceVersion"]}
        api.patch(f"{COLLECTION}/{NAME}", {"metadata": version, "data": dict(data)})


def _result(module: Any, who: str, before: Mapping[str, str], result: Edited) -> Values:
    told: Values = {"changed": bool(result.changes), "changes": result.changes}
    told |= {option: rows_of(section, result.data.get(section)) for section, option in OPTIONS.items()}
    if module._diff:
        texts = {"before": _shown(before), "after": _shown(result.data)}
        told["diff"] = {**texts, "before_header": who, "after_header": who}
    return told


def _shown(data: Mapping[str, str]) -> str:
    return "".join(f"{section}:\n{data[section].rstrip()}\n" for section in OPTIONS if data.get(section))
