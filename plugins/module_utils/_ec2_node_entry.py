# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``ec2_node`` to the kubelet of the EC2 instance that it runs on. Runs on hosts."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.flotilla.eks.plugins.module_utils._ec2_host import (
    ENVIRONMENT,
    KUBECONFIG,
    NODEADM,
    UNIT,
    instance,
    joined,
    unit,
)
from ansible_collections.flotilla.eks.plugins.module_utils._ec2_node import (
    SETTLED,
    Observed,
    Plan,
    Wanted,
    complaints,
    digest,
    lacking,
    plan,
    text_of,
)

CONFIGS = Path("/etc/eks/nodeadm.d")
OURS = "90-flotilla-eks.json"
"""Files of this directory are read in the order of their names, after the user data; the last one wins."""
RECORD = Path("/var/lib/flotilla-eks/ec2-node.json")
"""Which NodeConfigs the kubelet runs by. Written last: a run that was killed before is begun anew."""
SOURCES = ["--config-source", f"file://{CONFIGS}/"]
USER_DATA = ["--config-source", "imds://user-data"]
FOR_SYSTEMD = 60  # seconds
RESTARTS = 3  # of a kubelet, after which it is not expected to come up; one or two happen while containerd starts
ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "node_config": {"type": "dict"},
    "timeout": {"type": "int", "default": 900},
}


class Failed(Exception):
    """The host is not as wanted; the text says what is wrong, and what to do."""


def run() -> None:
    """main() of the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["node_config"])], supports_check_mode=True
    )
    if os.geteuid() != 0:
        module.fail_json(msg="A node is made and unmade by root alone: set become: true")
    work = _present if module.params["state"] == "present" else _absent
    module.exit_json(**_guarded(module, work))


def _guarded(module: Any, work: Callable[[Any], dict[str, Any]]) -> Any:
    """What ``work`` returns; what it cannot do fails the module."""
    try:
        return work(module)
    except (Failed, OSError) as failure:
        message = str(failure)
    return module.fail_json(msg=message)  # outside of the handler: Ansible would add its traceback


def _present(module: Any) -> dict[str, Any]:
    wanted, observed = _wanted(module.params["node_config"]), _observed()
    todo = plan(OURS, wanted, observed)
    if todo.changes and not module.check_mode:
        if todo.write:
            _write(CONFIGS / OURS, wanted.config)
        if todo.reasons:
            _initialize(wanted, todo, module.params["timeout"])
        if todo.enable:
            _systemctl("enable", UNIT)
        _write(RECORD, json.dumps({"applied": digest(_configs())}))
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
            _systemctl("disable", "--now", UNIT)
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
    before = _stamp()
    # Of user data without a NodeConfig it would say that they are wrong; with one, it does as when the instance boots.
    sources = [*(USER_DATA if instance().get("has_node_config") else []), *SOURCES]
    command = [NODEADM, "init", *sources]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command)} was not done after {timeout} s: {_hint('')}") from None
    log = done.stdout + done.stderr
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}: {_hint(log)}")
    if todo.restart:
        _systemctl("restart", UNIT)
    _await_kubelet()
    missing = lacking(wanted, _observed(), _stamp() != before)
    if missing:
        raise Failed(f"{' '.join(command)} ended with 0, but {'; '.join(missing)}. {_hint(log)}")


def _await_kubelet() -> None:
    """Give the kubelet the time to come up, and to fall down again."""
    begun = time.monotonic()
    while time.monotonic() - begun < FOR_SYSTEMD:
        state = unit("ActiveState", "ActiveEnterTimestampMonotonic", "NRestarts")
        now = time.monotonic()
        since = int(state.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
        up = state.get("ActiveState") == "active" and now - since >= SETTLED
        down = int(state.get("NRestarts") or 0) >= RESTARTS or state.get("ActiveState") == "failed"
        never = state.get("ActiveState") in ("inactive", "") and now - begun >= SETTLED  # systemd may have it queued
        if up or down or never:
            return
        time.sleep(0.5)


def _hint(log: str) -> str:
    """What nodeadm and the kubelet complain of, and where there is more."""
    journal = _run("journalctl", "--unit", UNIT, "--lines=5", "--output=cat", "--no-pager").stdout.strip()
    said = [f"nodeadm says: {'; '.join(found)}"] if (found := complaints(log)) else []
    said += [f"the kubelet says: {journal}"] if journal and "-- No entries --" not in journal else []
    return ". ".join([*said, f"More: journalctl -u {UNIT}, and nodeadm init by hand"])


def _stamp() -> int:
    """When nodeadm last wrote what the kubelet starts by."""
    return ENVIRONMENT.stat().st_mtime_ns if ENVIRONMENT.exists() else 0


def _systemctl(*arguments: str) -> None:
    done = _run("systemctl", *arguments)
    if done.returncode:
        raise Failed(f"systemctl {' '.join(arguments)}: {done.stderr.strip()}. {_hint('')}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _write(path: Path, text: str) -> None:
    """Replace a file at once, for root's eyes only."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")  # no suffix that nodeadm reads
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _diff(before: str, after: str) -> dict[str, str]:
    where = str(CONFIGS / OURS)
    return {"before_header": where, "after_header": where, "before": before, "after": after}
