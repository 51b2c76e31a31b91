# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do on a host so that its kubelet serves a cluster as a NodeConfig says. Pure, and runs on hosts.

Neither of the programs called nodeadm has a command that tells its state. That of the AMI ends with 0 where it has only
asked systemd to start a kubelet, and does not restart one that runs (nodeadm/internal/daemon/systemd.go); that for
machines on premises ends with 0 where it has done nothing. So what counts is what is there, before and after.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """What is wanted: the NodeConfig of ours, as the text of its file, and where it leads to."""

    config: str
    endpoint: str
    authority: str


@dataclass(frozen=True)
class Observed:
    """What is there.

    ``configs`` are the files that nodeadm reads, by name, ours too; ``applied`` is the digest of those that a kubelet
    runs by. ``kubelet`` and ``enabled`` are systemd's ActiveState and UnitFileState.
    """

    configs: Mapping[str, str]
    applied: str
    endpoint: str
    authority: str
    kubelet: str
    enabled: str


@dataclass(frozen=True)
class Plan:
    """What is to do. ``reasons`` for nodeadm to run, none if it need not; ``restart`` afterwards."""

    write: bool
    reasons: list[str] = field(default_factory=list)
    restart: bool = False
    enable: bool = False

    @property
    def changes(self) -> bool:
        return self.write or bool(self.reasons) or self.enable


def plan(name: str, wanted: Wanted, observed: Observed) -> Plan:
    """How to come from what is there to what is wanted; ``name`` is that of our file."""
    after = {**observed.configs, name: wanted.config}
    reasons = []
    if digest(after) != observed.applied:
        reasons.append("its NodeConfig is not the one that the kubelet runs by")
    if observed.endpoint != wanted.endpoint:
        reasons.append(f"the kubelet is led to {observed.endpoint or 'no cluster'}")
    elif not same_authority(observed.authority, wanted.authority):
        reasons.append("the kubelet trusts another certificate authority")
    if observed.kubelet != "active":
        reasons.append(f"the kubelet is {observed.kubelet or 'not there'}")
    return Plan(
        write=observed.configs.get(name) != wanted.config,
        reasons=reasons,
        restart=bool(reasons) and observed.kubelet in ("active", "activating"),
        enable=observed.enabled != "enabled",
    )


def text_of(node_config: Mapping[str, Any]) -> str:
    """A NodeConfig as the text of a file, the same for the same content."""
    return json.dumps(node_config, indent=2, sort_keys=True) + "\n"


def digest(configs: Mapping[str, str]) -> str:
    """One text that differs where the files do."""
    return hashlib.sha256(json.dumps(sorted(configs.items())).encode()).hexdigest()


def same_authority(one: str, other: str) -> bool:
    """Whether two certificates are the same; base64 may be broken into lines."""
    return "".join(one.split()) == "".join(other.split())


def lacking(wanted: Wanted, observed: Observed, rewritten: bool) -> list[str]:
    """What is still not so after nodeadm; ``rewritten`` tells whether it wrote its files at all."""
    found = [] if rewritten else ["nodeadm has written nothing, though it ended with 0"]
    if observed.endpoint != wanted.endpoint:
        found.append(f"the kubelet is led to {observed.endpoint or 'no cluster'}, not to {wanted.endpoint}")
    if not same_authority(observed.authority, wanted.authority):
        found.append("the kubelet does not trust the cluster's certificate authority")
    if observed.kubelet != "active":
        found.append(f"its unit is {observed.kubelet or 'not there'}")
    return found


def complaints(log: str) -> list[str]:
    """What nodeadm's log says went wrong. Its other lines may show the whole configuration."""
    found = []
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "fatal", "panic"):
            found.append(": ".join(str(entry[name]) for name in ("msg", "error") if entry.get(name)))
    return found
