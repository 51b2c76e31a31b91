# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object must be like, and what of it never changes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from unit.simulator.api_server import deployment

from eks_simulator.kubernetes.defaults import defaulted
from eks_simulator.kubernetes.errors import ApiError
from eks_simulator.kubernetes.immutability import require_changeable
from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.types import (
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    EVENT,
    INGRESS,
    NAMESPACE,
    NETWORK_POLICY,
    NODE,
    POD,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Type,
)
from eks_simulator.kubernetes.validation import require_valid

MAIN = {"name": "main", "image": "nginx:1.29"}
SOME = {"matchExpressions": [{"key": "a", "operator": "Some"}]}
IN_NOTHING = {"matchExpressions": [{"key": "a", "operator": "In"}]}
NAMED = {"name": "a", "namespace": "default"}


def named(**members: Any) -> Object:
    return {"metadata": dict(NAMED), **members}


def pod(**spec: Any) -> Object:
    return named(spec={"containers": [MAIN], **spec})


def container(**members: Any) -> Object:
    return pod(containers=[{**MAIN, **members}])


def taints(*items: Any) -> Object:
    return named(spec={"taints": list(items)})


def requiring(**expression: Any) -> Object:
    """A pod whose node affinity has one expression, or none."""
    terms = [{"matchExpressions": [expression]}] if expression else []
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return pod(affinity={"nodeAffinity": required})


def labelled(**labels: str) -> Object:
    return {"metadata": {**NAMED, "labels": labels}}


@pytest.mark.parametrize(
    ("kind", "thing", "problem"),
    [
        (CONFIG_MAP, {"metadata": {}}, "metadata.name: Required value"),
        (CONFIG_MAP, {"metadata": {"name": "A_b"}}, 'metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdo'),
        (CONFIG_MAP, {"metadata": {"name": "a" * 254}}, "must be no more than 253 characters"),
        (NAMESPACE, {"metadata": {"name": "a.b"}}, "a lowercase RFC 1123 label must consist"),
        (SERVICE, {"metadata": {"name": "1a"}, "spec": {"ports": [{"port": 1}]}}, "a DNS-1035 label must consist"),
        (
            ROLE,
            {"metadata": {"name": "a/b"}, "rules": []},
            "may not contain '/'",
        ),
        (CONFIG_MAP, labelled(a="-"), 'metadata.labels: Invalid value: "-": a valid label'),
        (CONFIG_MAP, labelled(**{"a/b/c": "x"}), 'metadata.labels: Invalid value: "a/b/c": prefix part'),
        (CONFIG_MAP, labelled(a="x" * 64), "must be no more than 63 characters"),
        (CONFIG_MAP, named(data={"a b": "c"}), "data[a b]: Invalid value"),
        (SECRET, named(data={"a": "%"}), "data[a]: Invalid value: illegal base64 data"),
        (POD, pod(containers=[]), "spec.containers: Required value"),
        (POD, container(image=""), "spec.containers[0].image: Required value"),
        (POD, pod(containers=[MAIN, MAIN]), 'spec.containers[0].name: Duplicate value: "main"'),
        (POD, container(imagePullPolicy="No"), 'Unsupported value: "No": supported values: "Always", "IfNotPresent"'),
        (
            POD,
            container(ports=[{"containerPort": 70000}]),
            "ports[0].containerPort: Invalid value: 70000",
        ),
        (POD, container(env=[{"value": "x"}]), "spec.containers[0].env[0].name: Required value"),
        (POD, container(volumeMounts=[{"name": "v", "mountPath": "/v"}]), 'volumeMounts[0].name: Not found: "v"'),
        (POD, container(resources={"limits": {"cpu": "much"}}), "resources.limits[cpu]: Invalid value"),
        (POD, pod(restartPolicy="Never!"), 'spec.restartPolicy: Unsupported value: "Never!"'),
        (POD, pod(terminationGracePeriodSeconds=-1), "spec.terminationGracePeriodSeconds: Invalid value: -1"),
        (POD, pod(tolerations=[{"operator": "Equal"}]), "operator must be Exists when `key` is empty"),
        (POD, pod(tolerations=[{"key": "a", "effect": "Never"}]), 'effect: Unsupported value: "Never"'),
        (POD, pod(tolerations=[{"key": "a", "tolerationSeconds": 1}]), "effect must be 'NoExecute'"),
        (POD, pod(nodeSelector={"a": "-"}), "spec.nodeSelector: Invalid value"),
        (POD, requiring(), "nodeSelectorTerms: Required value: must have at least one node selector term"),
        (POD, requiring(operator="In", values=["a"]), "matchExpressions[0].key: Required value"),
        (POD, requiring(key="a"), 'operator: Invalid value: "": not a valid selector operator'),
        (POD, requiring(key="a", operator="In"), "matchExpressions[0].values: Invalid value"),
        (POD, requiring(key="a", operator="Exists", values=["a"]), "matchExpressions[0].values: Invalid value"),
        (POD, requiring(key="a", operator="Gt", values=["many"]), "the value must be an integer"),
        (DEPLOYMENT, deployment(strategy={"rollingUpdate": {"maxSurge": "a"}}), "a valid percent string"),
        (DEPLOYMENT, deployment(selector={}), "spec.selector: Required value"),
        (DEPLOYMENT, deployment(selector={"matchLabels": {"app": "b"}}), "`selector` does not match template `labels`"),
        (DEPLOYMENT, deployment(replicas=-1), "spec.replicas: Invalid value: -1"),
        (DEPLOYMENT, deployment(template={}), "spec.template.spec.containers: Required value"),
        (NODE, taints({"key": "a", "effect": "No"}), 'spec.taints[0].effect: Unsupported value: "No"'),
        (NODE, taints(*[{"key": "a", "effect": "NoSchedule"}] * 2), "taints must be unique by key and effect pair"),
        (NODE, named(status={"allocatable": {"cpu": "much"}}), "status.allocatable[cpu]: Invalid value"),
        (SERVICE, named(spec={"selector": {}}), "spec.ports: Required value"),
        (SERVICE, named(spec={"ports": [{"port": 1}, {"port": 2}]}), "spec.ports[0].name: Required value"),
        (SERVICE, named(spec={"type": "Some", "ports": [{"port": 1}]}), 'spec.type: Unsupported value: "Some"'),
        (DISRUPTION_BUDGET, named(spec={"minAvailable": 1, "maxUnavailable": 1}), "cannot be both set"),
        (DISRUPTION_BUDGET, named(spec={"minAvailable": "half"}), "a valid percent string"),
        (DISRUPTION_BUDGET, named(spec={"selector": SOME}), 'matchExpressions[0].operator: Unsupported value: "Some"'),
        (NETWORK_POLICY, named(spec={"podSelector": IN_NOTHING}), "matchExpressions[0].values: Invalid value: []"),
        (INGRESS, named(), "either `defaultBackend` or `rules` must be specified"),
        (EVENT, named(involvedObject={"namespace": "web"}), "does not match event.namespace"),
        (ROLE, named(rules=[{"resources": ["pods"]}]), "rules[0].verbs: Required value"),
        (ROLE_BINDING, named(roleRef={"kind": "Role"}), "roleRef.name: Required value"),
    ],
)
def test_what_is_wrong_is_named(kind: Type, thing: Object, problem: str) -> None:
    with pytest.raises(ApiError, match=r"^Invalid: ") as refused:
        require_valid(kind, defaulted(kind, thing))
    assert problem in refused.value.message
    assert refused.value.code == 422


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ApiError) as refused:
        require_valid(DEPLOYMENT, defaulted(DEPLOYMENT, deployment(replicas=-1, selector={})))
    details = refused.value.details or {}
    assert (details["kind"], details["group"], details["name"]) == ("Deployment", "apps", "web")
    assert {cause["field"]: cause["reason"] for cause in details["causes"]} == {
        "spec.replicas": "FieldValueInvalid",
        "spec.selector": "FieldValueRequired",
    }


def test_a_secret_value_is_in_no_message() -> None:
    with pytest.raises(ApiError) as refused:
        require_valid(SECRET, named(data={"a": "hush!"}))
    assert "hush" not in refused.value.message


@pytest.mark.parametrize(
    ("kind", "before", "path", "value"),
    [
        (DEPLOYMENT, deployment(), "spec.selector", {"matchLabels": {"app": "b"}}),
        (SERVICE, named(spec={"clusterIP": "10.0.0.1"}), "spec.clusterIP", "10.0.0.2"),
        (SECRET, named(type="Opaque"), "type", "other"),
        (ROLE_BINDING, named(roleRef={"name": "a"}), "roleRef", {"name": "b"}),
        (NODE, named(spec={"providerID": "aws:///a/i-1"}), "spec.providerID", "aws:///a/i-2"),
        (CONFIG_MAP, named(immutable=True, data={"a": "1"}), "data", {"a": "2"}),
        (STATEFUL_SET, deployment(), "spec.serviceName", "b"),
        (POD, pod(), "spec.nodeSelector", {"a": "b"}),
        (POD, pod(tolerations=[{"key": "a"}]), "spec.tolerations", []),
    ],
)
def test_what_never_changes(kind: Type, before: Object, path: str, value: Any) -> None:
    after = deepcopy(before)
    *way, last = path.split(".")
    holder = after
    for member in way:
        holder = holder[member]
    holder[last] = value
    with pytest.raises(ApiError, match=r"^Invalid: .*(immutable|Forbidden)"):
        require_changeable(kind, before, after)
    require_changeable(kind, before, before)


def test_what_may_change() -> None:
    before = pod(tolerations=[{"key": "a"}])
    after = deepcopy(before)
    after["spec"]["containers"][0]["image"] = "nginx:2"
    after["spec"]["tolerations"].append({"key": "b"})
    require_changeable(POD, before, after)
    require_changeable(NODE, named(spec={}), named(spec={"providerID": "aws:///a/i-1"}))
