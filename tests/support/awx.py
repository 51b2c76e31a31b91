# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of an inventory before it runs a job."""

from __future__ import annotations

import json
from typing import Any

Inventory = dict[str, Any]


def sliced(inventory: Inventory, number: int, count: int) -> Inventory:
    """The inventory of slice ``number`` of ``count``: every ``count``-th of all hosts in the order of their names,
    whatever their groups; groups keep their variables, also those without a host (AWX, Inventory.get_script_data)."""
    names = sorted({name for group in inventory.values() for name in group.get("hosts", {})})
    chosen = names[number - 1 :: count]
    return {
        name: {**group, "hosts": {host: group["hosts"][host] for host in group.get("hosts", {}) if host in chosen}}
        for name, group in inventory.items()
    }


def script(inventory: Inventory) -> str:
    """The program that AWX gives a job as its inventory."""
    hostvars: dict[str, Any] = {}
    data: dict[str, Any] = {"_meta": {"hostvars": hostvars}, "all": {"children": list(inventory)}}
    for name, group in inventory.items():
        hosts = group.get("hosts", {})
        data[name] = {"hosts": list(hosts), "vars": group.get("vars", {})}
        for host, variables in hosts.items():
            hostvars.setdefault(host, {}).update(variables or {})
    return f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(data)!r})\n"
