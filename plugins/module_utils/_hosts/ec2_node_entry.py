# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``ec2_node`` to the kubelet of the EC2 instance that it runs on. Runs on hosts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.ec2_host import NODEADM, instance
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.entry import run_as_root
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import (
    ENVIRONMENT,
    KUBECONFIG,
    UNIT,
    joined,
    unit,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.plan import (
    Observed,
    Plan,
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

CONFIGS = Path("/etc/eks/nodeadm.d")
OURS = "90-flotilla-eks.json"
"""Files of this directory are read in the order of their names, after the user data; the last one wins."""
RECORD = Path("/var/lib/flotilla-eks/ec2-node.json")
"""Which NodeConfigs the kubelet runs by. Written last: a run that was killed before is begun anew."""
SOURCES = ["--config-source", f"file://{CONFIGS}/"]
USER_DATA = ["--config-source", "imds://user-data"]
ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "node_config": {"type": "dict"},
    "timeout": {"type": "int", "default": 900},
}


def run() -> None:
    """main() of the module."""
    run_as_root(
        ARGUMENT_SPEC,
        lambda module: _present(module) if module.params["state"] == "present" else _absent(module),
        required_if=[("state", "present", ["node_config"])],
    )


def _present(module: Any) -> dict[str, Any]:
    wanted, observed = _wanted(module.params["node_config"]), _observed()
    todo = plan(OURS, wanted, observed)
    if todo.changes and not module.check_mode:
        if todo.write:
            write(CONFIGS / OURS, wanted.config)
        if todo.reasons:
            _initialize(wanted, todo, module.params["timeout"])
        if todo.enable:
            systemctl("enable", UNIT)
        write(RECORD, json.dumps({"applied": digest(_configs())}))
    return {
        "changed": todo.changes,
        "initialized": bool(todo.reasons),
        "restarted": todo.restart,
        "reasons": todo.reasons,
        "node_name": joined()["node_name"],
        "diff": _diff(observed.configs.get(OURS, ""), wanted.config),
    }


def _absent(module: Any) -> dict[str, Any]:
    """The kubelet rests, and nothing on the host leads one to the cluster any more, but for user data."""
    observed = _observed()
    leading = [path for path in (CONFIGS / OURS, KUBECONFIG, ENVIRONMENT, RECORD) if path.exists()]
    running = observed.kubelet not in ("inactive", "failed", "")
    changed = running or observed.enabled == "enabled" or bool(leading)
    if changed and not module.check_mode:
        if running or observed.enabled == "enabled":
            systemctl("disable", "--now", UNIT)
        for path in leading:
            path.unlink()
    if instance().get("has_node_config"):
        module.warn(
            "The user data of the instance hold a NodeConfig, by which it joins again when it boots: terminate it, or "
            "take that out"
        )
    return {"changed": changed, "diff": _diff(observed.configs.get(OURS, ""), "")}


def _wanted(node_config: dict[str, Any]) -> Wanted:
    try:
        cluster = node_config["spec"]["cluster"]
        return Wanted(text_of(node_config), cluster["apiServerEndpoint"], cluster["certificateAuthority"])
    except (KeyError, TypeError):
        raise Failed(
            "node_config is no NodeConfig with spec.cluster.apiServerEndpoint and certificateAuthority: make it with "
            "the filter flotilla.eks.node_config"
        ) from None


def _observed() -> Observed:
    found, state = joined(), unit("ActiveState", "UnitFileState")
    return Observed(
        configs=_configs(),
        applied=_applied(),
        endpoint=found["endpoint"],
        authority=found["authority"],
        kubelet=state.get("ActiveState", ""),
        enabled=state.get("UnitFileState", ""),
    )


def _configs() -> dict[str, str]:
    """The files that nodeadm reads (nodeadm/internal/configprovider/file.go)."""
    files = sorted(CONFIGS.iterdir()) if CONFIGS.is_dir() else []
    read = [path for path in files if path.is_file() and path.suffix.lower() in (".yaml", ".yml", ".json")]
    return {path.name: path.read_text(encoding="utf-8", errors="replace") for path in read}


def _applied() -> str:
    try:
        return str(json.loads(RECORD.read_text(encoding="utf-8"))["applied"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _initialize(wanted: Wanted, todo: Plan, timeout: int) -> None:
    """Have nodeadm do its work, and look whether it has. Raises Failed."""
    before = stamp()
    # Of user data without a NodeConfig it would say that they are wrong; with one, it does as when the instance boots.
    sources = [*(USER_DATA if instance().get("has_node_config") else []), *SOURCES]
    command = [NODEADM, "init", *sources]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command)} was not done after {timeout} s: {hint('')}") from None
    log = done.stdout + done.stderr
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}: {hint(log)}")
    if todo.restart:
        systemctl("restart", UNIT)
    await_kubelet()
    missing = lacking(wanted, _observed(), stamp() != before)
    if missing:
        raise Failed(f"{' '.join(command)} ended with 0, but {'; '.join(missing)}. {hint(log)}")


def _diff(before: str, after: str) -> dict[str, str]:
    where = str(CONFIGS / OURS)
    return {"before_header": where, "after_header": where, "before": before, "after": after}
