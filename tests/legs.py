# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs some of the tests under other releases of Ansible than that of ``.venv``: the newest, and the oldest allowed.

Each leg has a virtual environment of its own below ``build/legs``, made once. One whose Python is not on this machine
is left out, and that is said.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from support.checkout import CHECKOUT

HOME = CHECKOUT / "build" / "legs"
PIN = re.compile(r"^(?!ansible==)[\w.-]+==\S+", re.MULTILINE)
OF_DEVELOPMENT = ("hypothesis", "pytest", "pytest-xdist", "ruamel.yaml")
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Leg:
    """A release of Ansible, the Pythons that it runs on, of which the first is taken that is here, and its tests."""

    name: str
    release: str
    pythons: tuple[str, ...]
    tests: tuple[str, ...]


def oldest() -> str:
    """The lower bound that the collection gives."""
    bound = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    return f"ansible-core=={bound.removeprefix('>=')}"


LEGS = (
    Leg(
        "newest",
        "ansible==14.5.0",  # ansible-core 2.21, amazon.aws 11, kubernetes.core 6.6
        ("3.13", "3.12", "3.14"),
        (
            "tests/integration/test_acceptance_addon.py::test_an_addon_is_made_changed_and_deleted",
            "tests/integration/test_iam_roles_info.py",
            "tests/integration/test_inventory_nodes.py::test_clusters_and_nodes_of_regions_and_accounts",
            "tests/integration/test_kubeconfig.py::test_no_secret_is_shown",
            "tests/integration/test_kubernetes_core.py",
            "tests/integration/test_node_plugins.py",
            "tests/integration/test_role_cluster.py::test_the_defaults_are_secure",
            "tests/integration/test_role_workloads.py::test_no_secret_is_shown",
        ),
    ),
    Leg(
        "oldest",
        oldest(),
        tuple(sorted(("3.11", "3.12", "3.13"), key=lambda version: version != OURS)),  # that of .venv costs least
        (
            "tests/integration/test_role_kubeconfig.py",
            "tests/integration/test_node_plugins.py",
        ),
    ),
)


def pythons_named(version: str) -> Iterator[Path]:
    """Where a Python of a version may be: on the PATH, or among those of pyenv, whose shims run chosen ones only."""
    for directory in os.environ["PATH"].split(os.pathsep):
        yield Path(directory) / f"python{version}"
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for installed in sorted(versions.glob(f"{version}.*"), reverse=True):
        yield installed / "bin" / f"python{version}"


def find_python(versions: tuple[str, ...]) -> Path | None:
    """The first that can make a virtual environment."""
    for candidate in (path for version in versions for path in pythons_named(version) if path.is_file()):
        command = [str(candidate), "-c", "import ensurepip, venv"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def pins() -> list[str]:
    """What the tests need, as .venv has it."""
    demo, development = (
        PIN.findall((CHECKOUT / f"requirements-{name}.txt").read_text(encoding="utf-8")) for name in ("demo", "dev")
    )
    return demo + [pin for pin in development if pin.split("==")[0] in OF_DEVELOPMENT]


def made(leg: Leg, python: Path) -> Path:
    """The interpreter of a leg's virtual environment, with all but Ansible from .venv if their Python is the same."""
    home = HOME / leg.name
    interpreter = home / "bin" / "python"
    borrows = python.name == f"python{OURS}"
    wanted = [leg.release] if borrows else [leg.release, *pins()]
    ready, recipe = home / "ready", "\n".join([str(python), *wanted])
    if not (ready.exists() and ready.read_text(encoding="utf-8") == recipe):
        print(f"Making build/legs/{leg.name} with {python}, once: a minute.", flush=True)
        subprocess.run([str(python), "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(interpreter), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile", "--quiet"]
        subprocess.run([*pip, *wanted], check=True)
        if borrows:
            own = home / "lib" / f"python{OURS}" / "site-packages" / "venv.pth"
            own.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        ready.write_text(recipe, encoding="utf-8")
    return interpreter


def passes(leg: Leg, python: Path, jobs: str) -> bool:
    """Whether a leg's tests pass."""
    interpreter = made(leg, python)
    environment = os.environ | {"PATH": os.pathsep.join([str(interpreter.parent), os.environ["PATH"]])}
    version = subprocess.run(["ansible", "--version"], env=environment, check=True, capture_output=True, text=True)
    print(f"Leg {leg.name}: {version.stdout.splitlines()[0]}, {python.name}", flush=True)
    command = [str(interpreter), "-m", "pytest", "-n", jobs, "-o", f"cache_dir=build/pytest-{leg.name}", *leg.tests]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode == 0


def main() -> int:
    """Run all legs; return how many failed. Argument: how many tests at a time."""
    failed = []
    for leg in LEGS:
        python = find_python(leg.pythons)
        if python is None:
            print(f"LEFT OUT: the tests on {leg.release}; that takes Python {' or '.join(leg.pythons)}")
        elif not passes(leg, python, sys.argv[1]):
            failed.append(leg.name)
    if failed:
        print("Failed on legs:", *failed, file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
