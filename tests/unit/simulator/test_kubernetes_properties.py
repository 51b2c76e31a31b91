# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the API server of a simulated cluster: no body breaks it, and what it answers can be sent back."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from unit.simulator.api_server import APPLY, MERGE, STRATEGIC, ApiServer, deployment

from eks_simulator.kubernetes.types import TYPES

POD = deployment()["spec"]["template"]["spec"]
TAINT = {"key": "a", "value": "b", "effect": "NoSchedule"}
SELECTOR = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
SPECS: dict[str, dict[str, Any]] = {
    "pods": {"spec": {**POD, "tolerations": [TAINT], "volumes": [{"name": "v"}]}},
    "deployments": {"spec": deployment(selector=SELECTOR)["spec"]},
    "services": {"spec": {"type": "NodePort", "selector": {"a": "b"}, "ports": [{"port": 80}]}},
    "configmaps": {"data": {"a": "b"}},
    "secrets": {"stringData": {"a": "b"}},
    "nodes": {"spec": {"taints": [TAINT]}, "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
    "poddisruptionbudgets": {"spec": {"minAvailable": 1, "selector": SELECTOR}},
    "rolebindings": {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]},
    "events": {"involvedObject": {"kind": "Pod", "name": "p"}, "reason": "Made"},
}
METADATA = {"name": "thing", "labels": {"app": "web"}, "finalizers": ["x.io/held"], "ownerReferences": [{"uid": "u"}]}
KINDS = [kind for kind in TYPES if kind.plural in SPECS]
JUNK: list[Any] = [None, 1, -1, True, "x", "", [], {}, [1], [None], [{}], {"a": 1}, {"a": {"b": None}}, 1.5]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every member and item within a value, with what holds it."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [found for key in keys for found in [(value, key), *places(value[key])]]


@st.composite
def damaged(draw: st.DrawFn, plural: str) -> dict[str, Any]:
    """An object of which something is missing, or something else."""
    thing = deepcopy({"metadata": METADATA, **SPECS[plural]})
    for _blow in range(draw(st.integers(0, 2))):
        holder, key = draw(st.sampled_from(places(thing)))
        if draw(st.booleans()):
            holder[key] = deepcopy(draw(st.sampled_from(JUNK)))
        else:
            del holder[key]
        if not places(thing):
            break
    return thing


@given(data=st.data())
def test_no_body_breaks_the_server(data: st.DataObject) -> None:
    server, kind = ApiServer(), data.draw(st.sampled_from(KINDS))
    root = f"/apis/{kind.group_version}" if kind.group else "/api/v1"
    many = "/".join([root, *(["namespaces/default"] if kind.namespaced else []), kind.plural])
    asked = [("POST", many, "application/json"), ("PUT", f"{many}/thing", "application/json")]
    asked += [("PATCH", f"{many}/thing", media) for media in (MERGE, STRATEGIC, APPLY)]
    for method, target, media in asked:
        response = server.request(method, target, data.draw(damaged(kind.plural)), media=media)
        assert response.status < 500, response.body
    for accept in ("application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"):
        found = server.ask("GET", many, accept=accept)
    for thing in server.ask("GET", many)["items"]:
        path = f"{many}/{thing['metadata']['name']}"
        assert server.ask("PUT", path, thing) == thing
        server.ask("DELETE", path)
    assert found["kind"] == "Table"
