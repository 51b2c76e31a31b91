# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``hybrid_node_proxy`` to what the host is told of a proxy, and back. Runs on hosts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.entry import run_as_root
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import os_release, unit
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed, await_kubelet, systemctl, write
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import PROVIDERS, SSM
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy import (
    APT,
    ENVIRONMENT,
    KUBELET,
    MARK,
    SHARED,
    Plan,
    Proxy,
    drop_in,
    plan,
    problems,
    stale,
    units,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_host import environment_of, files, variables

OPTIONS: dict[str, Any] = {
    "http": {"type": "str", "default": "", "no_log": True},
    "https": {"type": "str", "default": "", "no_log": True},
    "no_proxy": {"type": "list", "elements": "str", "default": []},
}
"""What a proxy is told by; an address may have a password in it."""
ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **OPTIONS,
    "credential_provider": {"type": "str", "choices": list(PROVIDERS), "default": SSM},
}


def run() -> None:
    """main() of the module."""
    run_as_root(ARGUMENT_SPEC, _converge)


def proxy_of(params: dict[str, Any]) -> Proxy:
    return Proxy(params["http"], params["https"], params["no_proxy"])


def _converge(module: Any) -> dict[str, Any]:
    params, system = module.params, os_release().get("ID", "")
    proxy = proxy_of(params) if params["state"] == "present" else None
    wrong = problems(proxy) if proxy else []
    found = files()
    todo = plan(proxy, system, params["credential_provider"], found)
    if wrong or todo.problems:
        raise Failed("; ".join([*wrong, *todo.problems]) + ". Nothing was changed")
    before, wanted = variables(), proxy.variables if proxy else {}
    own = [name for name in units(system, params["credential_provider"]) if _is_ours(name, todo, found)]
    if module.check_mode:
        restarted = [name for name in own if _is_stale(name, before, wanted)]
    else:
        last = [path for path in todo.remove if path == ENVIRONMENT]
        _change(todo)
        restarted = _restart(own, before, wanted)
        for path in last:
            _remove(path)
    return {
        "changed": bool(todo.write or todo.remove or restarted),
        "written": sorted(todo.write),
        "removed": todo.remove,
        "restarted": restarted,
    }


def _is_ours(name: str, todo: Plan, found: dict[str, Any]) -> bool:
    """Whether what a unit runs with is, was or will be up to us: not if somebody else wrote its drop-in."""
    path = drop_in(name)
    return path in todo.write or path not in found or found[path].text.startswith(MARK)


def _is_stale(name: str, before: dict[str, str], wanted: dict[str, str]) -> bool:
    running = environment_of(name)
    return running is not None and stale(running, before, wanted)


def _change(todo: Plan) -> None:
    for path, file in todo.write.items():
        write(Path(path).resolve(), file.text, file.mode)  # /etc/yum.conf is a link on RHEL 9
    for path in todo.remove:
        if path != ENVIRONMENT:
            _remove(path)
    if todo.write or todo.remove:
        systemctl("daemon-reload")


def _restart(own: list[str], before: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Just those that run with something else; a kubelet is restarted with its containerd."""
    restarted = []
    for name in own:
        if _is_stale(name, before, wanted):
            systemctl("try-restart", name)
            restarted.append(name)
    if KUBELET in restarted:
        await_kubelet()
        if unit("ActiveState").get("ActiveState") != "active":
            raise Failed("the kubelet does not come up again by the proxy: journalctl -u kubelet")
    return restarted


def _remove(path: str) -> None:
    place = Path(path).resolve()
    place.unlink()
    if path not in (APT, *SHARED.values()):
        with suppress(OSError):  # something else is in it
            place.parent.rmdir()
