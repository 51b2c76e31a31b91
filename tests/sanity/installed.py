# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the tarball where nothing else is, and puts it to work: what is installed is whole without the checkout.

The collections that it needs are those of the installed ``ansible`` package, which Ansible finds as any Python package.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.checkout import CHECKOUT

NAME = "flotilla.eks"
PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "roles": [{"role": "flotilla.eks.iam", "iam_cluster_name": "demo"}],
        "tasks": [
            {"flotilla.eks.cluster_versions_info": {}, "register": "offered"},
            {
                "ansible.builtin.assert": {
                    "that": [
                        "offered.cluster_versions | length > 0",
                        "iam_cluster_role_arn is search(':role/demo-cluster$')",
                    ]
                }
            },
        ],
    }
]


def shortcomings(tarball: Path, place: Path) -> list[str]:
    """What is wrong with the collection that is installed from the tarball into a directory of its own, made here.

    Raises CalledProcessError where a command fails.
    """
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(place), "ANSIBLE_HOME": str(place / "home")}
    place.mkdir()

    def run(*command: str, **variables: str) -> str:
        print("$", *command, flush=True)
        settings = environment | variables
        done = subprocess.run(command, cwd=place, env=settings, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(done.stdout)
        done.check_returncode()
        return done.stdout

    run("ansible-galaxy", "collection", "install", "--offline", "--no-deps", "--collections-path", ".", str(tarball))
    found = _places(json.loads(run("ansible-galaxy", "collection", "list", NAME, "--format", "json")))
    if found != [place / "ansible_collections"]:
        return [f"{NAME} was found in {found}, wanted in {place} alone"]
    documented = set(json.loads(run("ansible-doc", "--list", "--json", NAME)))
    modules = {f"{NAME}.{path.stem}" for path in (CHECKOUT / "plugins" / "modules").glob("[!_]*.py")}
    if documented != modules:
        return [f"ansible-doc does not list what there is: {sorted(documented ^ modules)}"]
    (place / "play.yml").write_text(json.dumps(PLAY), encoding="utf-8")
    simulator = place / "ansible_collections" / "flotilla" / "eks" / "extensions" / "simulator"
    simulated = (sys.executable, "-m", "eks_simulator", "--speed", "600", "--quiet", "--")
    local = ("--inventory", "localhost,", "--connection", "local", "-e", f"ansible_python_interpreter={sys.executable}")
    print(run(*simulated, "ansible-playbook", *local, "play.yml", PYTHONPATH=str(simulator)))
    return []


def _places(listed: dict[str, Any]) -> list[Path]:
    """The directories ``ansible_collections`` that hold the collection, out of what ansible-galaxy lists."""
    return [Path(place) for place, collections in listed.items() if NAME in collections]
