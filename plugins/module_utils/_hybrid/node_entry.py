# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``hybrid_node`` to the kubelet of the host that it runs on, and back. Runs on hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.entry import run_as_root
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import UNIT, joined, kubelet_version, text, unit
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.plan import (
    Observed,
    Wanted,
    digest,
    lacking,
    plan,
    text_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import (
    Failed,
    await_kubelet,
    hint,
    stamp,
    systemctl,
    write,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import (
    run as execute,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.alone import exclusively
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.host import (
    RECORDS,
    REGISTRATION,
    UPGRADE,
    agent_is_active,
    agent_unit,
    installation,
    instance_id,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import SSM, TRACKER, tracked
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.node import (
    activation_problem,
    problems,
    provider_of,
    with_secrets,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.nodeadm import nodeadm
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.packages import strangers_held
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_host import adopt
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import is_version

CONFIG = RECORDS / "node-config.json"
"""The NodeConfig that the kubelet runs by, without secrets."""
APPLIED = RECORDS / "hybrid-node.json"
"""Which NodeConfig that is. Written last: a run that was killed before is begun anew."""
SECRETS = Path("/run/flotilla-eks")
"""In memory, whatever happens. nodeadm is given the NodeConfig with secrets here, for as long as it runs."""
ARGUMENT_SPEC: dict[str, Any] = {
    "node_config": {"type": "dict", "required": True},
    "activation_id": {"type": "str", "default": ""},
    "activation_code": {"type": "str", "default": "", "no_log": True},
    "version": {"type": "str"},
    "skip_phases": {"type": "list", "elements": "str", "default": []},
    "manifest": {"type": "str"},
    "private_mode": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 1200},
}


def run() -> None:
    """main() of the module."""
    run_as_root(
        ARGUMENT_SPEC,
        exclusively(_present),
        required_together=[("activation_id", "activation_code")],
        required_if=[("private_mode", True, ["manifest"])],
    )


def _present(module: Any) -> dict[str, Any]:
    adopt()
    params = module.params
    wanted = _wanted(params)
    observed = _observed()
    todo = plan(CONFIG.name, wanted, observed)
    upgrade = bool(params["version"]) and (not is_version(params["version"], kubelet_version()) or _interrupted())
    reasons = [*todo.reasons, *_missing(params)]
    if upgrade:
        reasons.append(f"the kubelet is {kubelet_version()}, to be upgraded to {params['version']}")
    changed = bool(reasons) or todo.changes
    if not module.check_mode:
        _forget()
    if changed and not module.check_mode:
        if reasons:
            _initialize(params, wanted, upgrade)
        if todo.enable:
            systemctl("enable", UNIT)
        write(CONFIG, wanted.config)
        write(APPLIED, json.dumps({"applied": digest({CONFIG.name: wanted.config})}))
    return {
        "changed": changed,
        "reasons": reasons,
        "initialized": bool(reasons) and not upgrade,
        "upgraded": upgrade,
        "kubelet_version": kubelet_version(),
        "node_name": joined()["node_name"],
        "diff": _diff(observed.configs.get(CONFIG.name, ""), wanted.config),
    }


def _wanted(params: dict[str, Any]) -> Wanted:
    node_config = params["node_config"]
    for problem in problems(node_config):
        raise Failed(f"node_config: {problem}")
    if params["activation_code"]:
        problem = activation_problem(params["activation_id"], params["activation_code"])
        if problem:
            raise Failed(problem)
    cluster = node_config["spec"]["cluster"]
    return Wanted(text_of(node_config), cluster["apiServerEndpoint"], cluster["certificateAuthority"])


def _observed() -> Observed:
    found, state = joined(), unit("ActiveState", "UnitFileState")
    return Observed(
        configs={CONFIG.name: text(CONFIG)},
        applied=_applied(),
        endpoint=found["endpoint"],
        authority=found["authority"],
        kubelet=state.get("ActiveState", ""),
        enabled=state.get("UnitFileState", ""),
    )


def _applied() -> str:
    try:
        return str(json.loads(text(APPLIED))["applied"])
    except (ValueError, KeyError, TypeError):
        return ""


def _interrupted() -> bool:
    """Whether an upgrade was begun, and not brought to its end."""
    return UPGRADE.exists() and '"done": true' not in text(UPGRADE)


def _missing(params: dict[str, Any]) -> list[str]:
    """Why the host needs its credential provider set up."""
    if provider_of(params["node_config"]) != SSM:
        return []
    if not instance_id():
        return ["the host is not registered with Systems Manager"]
    if params["activation_code"]:
        return [f"its registration as {instance_id()} is void"]
    return [] if agent_is_active() else [f"{agent_unit()} does not run"]


def _initialize(params: dict[str, Any], wanted: Wanted, upgrade: bool) -> None:
    """Have nodeadm do its work, and look whether it has. Raises Failed."""
    found, code = installation(), params["activation_code"]
    if not found.complete:
        raise Failed(f"there is no {TRACKER}, so nodeadm would do nothing: install first (hybrid_node_install)")
    if found.provider != provider_of(params["node_config"]):
        raise Failed(f"{found.provider or 'nothing'} was installed, but node_config is for another credential provider")
    ssm = found.provider == SSM
    if ssm and not instance_id() and not code:
        raise Failed("the host is not registered with Systems Manager: give activation_id and activation_code")
    if ssm and code and instance_id():  # it would register no more
        execute("systemctl", "stop", agent_unit())
        REGISTRATION.unlink()
    before = stamp()
    words = ["upgrade", params["version"]] if upgrade else ["init"]
    containerd = tracked(found.tracker).get("containerd") != "none"
    content = with_secrets(params["node_config"], params["activation_id"], code)
    with strangers_held(containerd) if upgrade else nullcontext(), _file(content) as path:
        words += ["--config-source", f"file://{path}"]
        words += ["--skip", ",".join(params["skip_phases"])] if params["skip_phases"] else []
        words += ["--manifest-override", params["manifest"]] if params["manifest"] else []
        words += ["--private-mode"] if params["private_mode"] else []
        log = _run(words, params["timeout"], code if ssm else "")
    await_kubelet()
    missing = lacking(wanted, _observed(), stamp() != before)
    if ssm and not instance_id():
        missing.append("the host is not registered with Systems Manager")
    if upgrade and not is_version(params["version"], kubelet_version()):
        missing.append(f"the kubelet is {kubelet_version()}, not of version {params['version']}")
    if missing:
        raise Failed(f"nodeadm {words[0]} ended with 0, but {'; '.join(missing)}. {hint(log)}")
    if upgrade:
        write(UPGRADE, json.dumps({"done": True}))


def _run(words: list[str], timeout: int, code: str) -> str:
    """What nodeadm said. Raises Failed, which tells whether the activation did not let the host in."""
    try:
        return nodeadm(*words, timeout=timeout, secret=code)
    except Failed as failure:
        refused = bool(code) and not instance_id()
        raise Failed(str(failure), **({"refused": True} if refused else {})) from None


@contextmanager
def _file(content: str) -> Iterator[Path]:
    """A file for root's eyes only, in memory, for as long as it is needed."""
    SECRETS.mkdir(mode=0o700, exist_ok=True)
    SECRETS.chmod(0o700)
    path = SECRETS / "node-config.json"
    try:
        write(path, content)
        yield path
    finally:
        _forget()


def _forget() -> None:
    """Also what a run has left that was killed."""
    if SECRETS.is_dir():
        for left in SECRETS.iterdir():
            left.unlink()
        SECRETS.rmdir()


def _diff(before: str, after: str) -> dict[str, str]:
    where = str(CONFIG)
    return {"before_header": where, "after_header": where, "before": before, "after": after}
