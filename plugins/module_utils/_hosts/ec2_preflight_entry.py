# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``ec2_node_preflight`` to the host that it runs on and back. Runs on hosts."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.ec2_host import facts
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.ec2_preflight import CHECKS, TO_LEAVE
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import judged, told

ARGUMENT_SPEC: dict[str, Any] = {
    "cluster": {"type": "dict"},
    "roles": {"type": "list", "elements": "str"},
    "skip_checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def run() -> None:
    """main() of the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["cluster"])], supports_check_mode=True
    )
    params = module.params
    leaves = params["state"] == "absent"
    cluster = params["cluster"] or {}
    found = {**facts({} if leaves else cluster), "cluster": cluster, "roles": params["roles"]}
    checks = {name: check for name, check in CHECKS.items() if not leaves or name in TO_LEAVE}
    report = judged(checks, found, params["skip_checks"])
    result = {
        **told(report),
        "kubelet_version": found["kubelet_version"],
        "node_name": found["joined"]["node_name"],
        **{name: found["imds"].get(name) for name in ("instance_id", "region", "zone", "account", "role")},
    }
    if report.findings:
        purpose = "leave its cluster" if leaves else f"join the cluster {cluster.get('name')}"
        module.fail_json(msg=report.message(f"This host cannot {purpose}"), **result)
    module.exit_json(changed=False, **result)
