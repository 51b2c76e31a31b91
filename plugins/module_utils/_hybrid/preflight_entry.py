# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``hybrid_node_preflight`` to the host that it runs on and back. Runs on hosts."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import judged, told
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.facts import facts
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.host import UPGRADE
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import PROVIDERS, SOURCES, SSM
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.network_checks import endpoints
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.preflight import CHECKS, TO_LEAVE
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_entry import OPTIONS, proxy_of
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_host import adopt, variables
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import RELEASES, is_version

ARGUMENT_SPEC: dict[str, Any] = {
    "cluster": {"type": "dict"},
    "version": {"type": "str"},
    "upgrade": {"type": "bool", "default": False},
    "credential_provider": {"type": "str", "choices": list(PROVIDERS), "default": SSM},
    "containerd_source": {"type": "str", "choices": list(SOURCES)},
    "kubelet_flags": {"type": "list", "elements": "str", "default": []},
    "node_name": {"type": "str", "default": ""},
    "nodes": {"type": "list", "elements": "dict"},
    "vpc_cidrs": {"type": "list", "elements": "str"},
    "patience": {"type": "int", "default": 10},
    "releases": {"type": "str", "default": RELEASES},
    "manifest": {"type": "str"},
    "private_mode": {"type": "bool", "default": False},
    "proxy": {"type": "dict", "options": OPTIONS},
    "endpoints": {"type": "list", "elements": "str"},
    "skip_checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def run() -> None:
    """main() of the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["cluster", "version"])],
        supports_check_mode=True,
    )
    params = module.params
    if params["proxy"]:
        adopt(proxy_of(params["proxy"]).variables)
    leaves = params["state"] == "absent"
    cluster = params["cluster"] or {}
    found = facts(cluster, params, [] if leaves or "reach" in params["skip_checks"] else _urls(params, cluster))
    checks = {name: check for name, check in CHECKS.items() if not leaves or name in TO_LEAVE}
    report = judged(checks, found, params["skip_checks"])
    result = {
        **told(report),
        "installed": found["installed"],
        "instance_id": found["instance_id"],
        "node_ip": found["node_ip"],
        "wanted_name": params["node_name"],
        "node_name": found["joined"]["node_name"] or found["instance_id"],
        "kubelet_version": found["kubelet_version"],
        "outdated": found["installed"] and not is_version(params["version"] or "", found["kubelet_version"]),
        "upgrading": UPGRADE.exists(),
        "proxied": bool(variables()),
        "kubelet": found["joined"]["kubelet"],
    }
    if report.findings:
        purpose = "leave its cluster" if leaves else f"join the cluster {cluster.get('name')}"
        module.fail_json(msg=report.message(f"This host cannot {purpose}"), **result)
    module.exit_json(changed=False, **result)


def _urls(params: dict[str, Any], cluster: dict[str, Any]) -> list[str]:
    """What the host has to reach, beside the endpoint of the cluster."""
    if params["endpoints"] is not None:
        return list(params["endpoints"])
    arn = str(cluster.get("arn", ":::::")).split(":")
    manifest = [params["manifest"]] if (params["manifest"] or "").startswith("http") else []
    return [params["releases"], *manifest, *endpoints(arn[3], arn[1], params["credential_provider"])]
