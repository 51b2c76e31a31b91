# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the spec of a pod must be like, its own or a template's: the API reference of PodSpec and Container. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from . import formats
from .formats import Problem, required, unsupported, wrong

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_COUNTS: dict[str, Callable[[int], bool]] = {
    **dict.fromkeys(("In", "NotIn"), lambda values: values > 0),
    **dict.fromkeys(("Exists", "DoesNotExist"), lambda values: values == 0),
    **dict.fromkeys(("Gt", "Lt"), lambda values: values == 1),
}
"""How many values the expressions of node affinity take, by their operator."""
_OPERATORS = ("Equal", "Exists")
_PULLS = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("TCP", "UDP", "SCTP")


def problems(spec: dict[str, Any], path: str) -> Iterator[Problem]:
    """What is wrong with a pod's spec at `path`."""
    containers = spec.get("containers") or []
    if not containers:
        yield required(f"{path}.containers")
    yield from _unique(spec, path, "volumes")
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    for member in ("containers", "initContainers"):
        for number, container in enumerate(spec.get(member) or []):
            yield from _container(container, f"{path}.{member}[{number}]", volumes)
    yield from _unique({"containers": [*containers, *(spec.get("initContainers") or [])]}, path, "containers")
    if spec["restartPolicy"] not in ("Always", "OnFailure", "Never"):
        yield unsupported(f"{path}.restartPolicy", spec["restartPolicy"], ("Always", "OnFailure", "Never"))
    if spec["terminationGracePeriodSeconds"] < 0:
        yield wrong(
            f"{path}.terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"], "must be 0 or greater"
        )
    for number, toleration in enumerate(spec.get("tolerations") or []):
        yield from _toleration(toleration, f"{path}.tolerations[{number}]")
    yield from formats.labels(f"{path}.nodeSelector", spec.get("nodeSelector") or {})
    yield from _node_affinity(spec.get("affinity") or {}, f"{path}.affinity.nodeAffinity.{_REQUIRED}")


def _unique(spec: dict[str, Any], path: str, member: str) -> Iterator[Problem]:
    """Names of containers and volumes are DNS labels, each once."""
    counts = Counter(one.get("name") for one in spec.get(member) or [])
    for number, one in enumerate(spec.get(member) or []):
        place, name = f"{path}.{member}[{number}].name", one.get("name")
        if not name:
            yield required(place)
        elif why := formats.dns_label(name):
            yield wrong(place, name, why)
        elif counts[name] > 1:
            counts[name] = 0
            yield place, f'Duplicate value: "{name}"'


def _container(container: dict[str, Any], path: str, volumes: set[Any]) -> Iterator[Problem]:
    if not container.get("image"):
        yield required(f"{path}.image")
    if container["imagePullPolicy"] not in _PULLS:
        yield unsupported(f"{path}.imagePullPolicy", container["imagePullPolicy"], _PULLS)
    for number, port in enumerate(container.get("ports") or []):
        yield from _port(port, f"{path}.ports[{number}]")
    for number, variable in enumerate(container.get("env") or []):
        name = variable.get("name")
        if not name:
            yield required(f"{path}.env[{number}].name")
        elif why := formats.variable(name):
            yield wrong(f"{path}.env[{number}].name", name, why)
    for number, mount in enumerate(container.get("volumeMounts") or []):
        if not mount.get("mountPath"):
            yield required(f"{path}.volumeMounts[{number}].mountPath")
        if mount.get("name") not in volumes:
            yield f"{path}.volumeMounts[{number}].name", f'Not found: "{mount.get("name", "")}"'
    for member in ("limits", "requests"):
        for name, quantity in (container["resources"].get(member) or {}).items():
            if why := formats.quantity(quantity):
                yield wrong(f"{path}.resources.{member}[{name}]", quantity, why)


def _port(port: dict[str, Any], path: str) -> Iterator[Problem]:
    number = port.get("containerPort")
    if number is None:
        yield required(f"{path}.containerPort")
    elif not 0 < number < 65536:
        yield wrong(f"{path}.containerPort", number, "must be between 1 and 65535, inclusive")
    if port["protocol"] not in _PROTOCOLS:
        yield unsupported(f"{path}.protocol", port["protocol"], _PROTOCOLS)


def _toleration(toleration: dict[str, Any], path: str) -> Iterator[Problem]:
    """ "Taints and Tolerations": no key only with Exists, no value with Exists, seconds only with NoExecute."""
    operator, effect = toleration.get("operator") or "Equal", toleration.get("effect")
    if operator not in _OPERATORS:
        yield unsupported(f"{path}.operator", operator, _OPERATORS)
    if not toleration.get("key") and operator != "Exists":
        yield wrong(
            f"{path}.operator",
            operator,
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        )
    if operator == "Exists" and toleration.get("value"):
        yield wrong(f"{path}.operator", toleration["value"], "value must be empty when `operator` is 'Exists'")
    if effect and effect not in EFFECTS:
        yield unsupported(f"{path}.effect", effect, EFFECTS)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield wrong(f"{path}.effect", effect or "", "effect must be 'NoExecute' when `tolerationSeconds` is set")


def _node_affinity(affinity: dict[str, Any], path: str) -> Iterator[Problem]:
    """What is required of nodes: at least one term, of expressions with as many values as their operator takes."""
    required_terms = (affinity.get("nodeAffinity") or {}).get(_REQUIRED)
    if required_terms is None:
        return
    terms = required_terms.get("nodeSelectorTerms") or []
    if not terms:
        yield f"{path}.nodeSelectorTerms", "Required value: must have at least one node selector term"
    for number, term in enumerate(terms):
        for member in ("matchExpressions", "matchFields"):
            for place, expression in enumerate(term.get(member) or []):
                yield from _expression(expression, f"{path}.nodeSelectorTerms[{number}].{member}[{place}]")


def _expression(expression: dict[str, Any], path: str) -> Iterator[Problem]:
    operator, values = expression.get("operator", ""), expression.get("values") or []
    if not expression.get("key"):
        yield required(f"{path}.key")
    if operator not in _COUNTS:
        yield wrong(f"{path}.operator", operator, "not a valid selector operator")
    elif not _COUNTS[operator](len(values)):
        yield wrong(f"{path}.values", values, f"not as many values as operator {operator} takes")
    elif operator in ("Gt", "Lt") and not values[0].lstrip("-").isdigit():
        yield wrong(f"{path}.values", values[0], "for 'Gt', 'Lt' operators, the value must be an integer")
