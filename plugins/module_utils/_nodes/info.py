# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes of a cluster, told once, or as soon as they are as they are waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import described, kubernetes_for, there
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.read import chosen, read
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import KINDS, READY
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.view import join
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.wanted import (
    Selection,
    Wanted,
    enumerated,
    groups,
    lacks,
    summary,
)
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "kinds": {"type": "list", "elements": "str", "choices": list(KINDS)},
    "groups": {"type": "list", "elements": "str"},
    "label_selectors": {"type": "list", "elements": "str"},
    "required": {"type": "bool", "default": True},
    "wait_for": {"type": "dict", "options": {"ready": {"type": "int"}, "version": {"type": "str"}}},
    "wait_timeout": {"type": "int", "default": 900},
    "wait_delay": {"type": "int", "default": 15},
}
NOTHING: Values = {"nodes": [], "groups": [], "summary": summary([])}
View = tuple[Values, list[str]]  # a result, and what it lacks


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    who = f"nodes of cluster {module.params['cluster_name']}"
    module.exit_json(changed=False, **guarded(module, who, lambda: look(module)))


def look(module: Any) -> Values:
    """The nodes, after waiting if the user wants it. Raises Refused, Unsettled, AwsError and KubernetesError.

    In check mode nothing is waited for, and a cluster that a task before this one would have made has no nodes; nor has
    one that is not required to be there.
    """
    params, name = module.params, module.params["cluster_name"]
    client = client_for(module)
    if (module.check_mode or not params["required"]) and not there(client, name):
        return NOTHING
    cluster = described(client, name)
    api = kubernetes_for(module, name, cluster)
    wanted = Wanted(**params["wait_for"]) if params["wait_for"] is not None else None
    selectors = params["label_selectors"] or []

    def view() -> View:
        selection = Selection(params["kinds"] or (), params["groups"] or (), chosen(api, selectors))
        return _view(client, api, cluster, selection, wanted or Wanted())

    if wanted is None or module.check_mode:
        return view()[0]
    patience = Patience(timeout=params["wait_timeout"], delay=max(1, params["wait_delay"]))
    return wait(view, patience, f"nodes of cluster {name}", wanted)


def _view(client: Client, api: Kubernetes, cluster: Values, selection: Selection, wanted: Wanted) -> View:
    sources = read(client, api, cluster)
    everything = join(sources)
    nodes, rows = selection.of_nodes(everything), selection.of_groups(groups(everything, sources))
    return {"nodes": nodes, "groups": rows, "summary": summary(nodes)}, lacks(wanted, selection, nodes, rows)


def wait(view: Callable[[], View], patience: Patience, who: str, wanted: Wanted) -> Values:
    """The first view that lacks nothing. Raises Unsettled with who is missing, AwsError and KubernetesError.

    The first look has to succeed: an endpoint that nobody answers at is no matter of patience. A later one may fail
    for a passing reason.
    """
    seen, missing, trouble = NOTHING, list[str](), ""
    for attempt, _try in enumerate(patience.tries()):
        try:
            seen, missing = view()
            trouble = ""
        except (AwsError, KubernetesError) as error:
            if attempt == 0 or not error.transient:
                raise
            trouble = f". The last look failed: {error}"
        if not missing:
            return seen
    ready = sum(node["status"] == READY for node in seen["nodes"])
    raise Unsettled(
        f"{who}: waited {patience.timeout:g} s for {wanted}, in vain; {ready} of {len(seen['nodes'])} are Ready. "
        f"Missing: {enumerated(missing)}{trouble}. Raise wait_timeout, or repair them and run again"
    )
