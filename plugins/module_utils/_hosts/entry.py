# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main() of modules that make nodes of the hosts that they run on, as root. Runs on hosts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed


def run_as_root(spec: dict[str, Any], act: Callable[[Any], dict[str, Any]], **rules: Any) -> None:
    """Take the arguments, act, and tell the result or what has failed."""
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **rules)
    if os.geteuid() != 0:
        module.fail_json(msg="A node is made and unmade by root alone: set become: true")
    module.exit_json(**_guarded(module, act))


def _guarded(module: Any, act: Callable[[Any], dict[str, Any]]) -> Any:
    """What ``act`` returns; what it cannot do fails the module."""
    try:
        return act(module)
    except (Failed, OSError) as failure:
        message, told = str(failure), getattr(failure, "told", {})
    return module.fail_json(msg=message, **told)  # outside of the handler: Ansible would add its traceback
