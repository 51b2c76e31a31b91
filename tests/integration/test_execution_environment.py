# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-builder makes execution environments that have all that the collection needs, up to the image itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible.release
import pytest
import yaml
from packaging.requirements import Requirement

from support.checkout import CHECKOUT, copy_checkout
from support.imports import imported, parsed

OTHERS = ("amazon/aws", "awx/awx", "community/crypto", "kubernetes/core")
OF_THE_COLLECTION = "  # from collection flotilla.eks"


@dataclass(frozen=True)
class Environment:
    """What ansible-builder made of ``execution-environment.yml``, and the collections as its image would have them."""

    context: Path
    collections: Path
    needs: dict[str, list[str]]  # "python" and "system": a line of requirements each

    @property
    def steps(self) -> list[str]:
        return (self.context / "Containerfile").read_text(encoding="utf-8").splitlines()

    def of_the_collection(self, kind: str) -> set[str]:
        lines = self.needs[kind]
        return {line.removesuffix(OF_THE_COLLECTION) for line in lines if line.endswith(OF_THE_COLLECTION)}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a program of the virtual environment prints. It may not complain."""
    done = subprocess.run(
        [Path(sys.executable).with_name(str(command[0])), *command[1:]],
        cwd=cwd,
        env={"HOME": str(cwd), "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Made as the comment in ``execution-environment.yml`` says, of what ``make build`` leaves."""
    directory = tmp_path_factory.mktemp("environment")
    copy_checkout(directory / "build" / "dist" / "source")
    shutil.copy(CHECKOUT / "execution-environment.yml", directory)
    run("ansible-builder", "create", "--output-filename", "Containerfile", cwd=directory)

    # The other collections are found where the package `ansible` has them: nothing is asked of Galaxy.
    collections = directory / "collections"
    install = ("ansible-galaxy", "collection", "install", "--offline", "--requirements-file", "requirements.yml")
    run(*install, cwd=directory / "context" / "_build", ANSIBLE_COLLECTIONS_PATH=str(collections))
    needs = yaml.safe_load(run("ansible-builder", "introspect", collections, cwd=directory))
    return Environment(directory / "context", collections / "ansible_collections", needs)


def requirements() -> list[str]:
    lines = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def imported_libraries() -> set[str]:
    """What the plugins import that is neither of Python, nor of Ansible, nor of the collections."""
    files = (CHECKOUT / "plugins").rglob("*.py")
    packages = {name.partition(".")[0] for file in files for name in imported(parsed(file))}
    return packages - sys.stdlib_module_names - {"ansible", "ansible_collections"}


def test_any_environment_with_the_collection_has_what_it_needs(environment: Environment) -> None:
    assert environment.of_the_collection("python") == set(requirements())
    names = {Requirement(line).name for line in requirements()}
    assert imported_libraries() - {"yaml"} <= names  # PyYAML is Ansible's own requirement
    assert {"boto3", "botocore", "kubernetes", "cryptography"} <= names
    assert environment.of_the_collection("system") == {
        "openssh-client [platform:dpkg]",
        "openssh-clients [platform:rpm]",
        "helm [platform:fedora]",
    }


def test_environment_installs_the_collection_of_the_checkout(environment: Environment) -> None:
    manifest: dict[str, Any] = yaml.safe_load((environment.collections / "flotilla/eks/MANIFEST.json").read_text())
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    assert manifest["collection_info"]["version"] == version
    assert set(manifest["collection_info"]["dependencies"]) < {name.replace("/", ".") for name in OTHERS}
    # ansible-galaxy copies the build context into the image: nothing of the workshop may be in it
    assert not any((environment.context / "_build" / "flotilla-eks" / name).exists() for name in (".venv", "build"))


def test_image_has_helm_and_no_aws_cli(environment: Environment) -> None:
    final = environment.steps[max(n for n, step in enumerate(environment.steps) if step.startswith("FROM")) :]
    assert [step for step in final if re.search(r"\bhelm\b", step)] == [
        "COPY --from=docker.io/alpine/helm:3.19.0 /usr/bin/helm /usr/local/bin/helm"
    ]
    everything = [*environment.steps, *environment.needs["python"], *environment.needs["system"]]
    assert not [line for line in everything if re.search(r"aws-?cli", line)]


def test_image_has_a_python_that_its_ansible_runs_on(environment: Environment) -> None:
    arguments = dict(re.findall(r'^ARG (\w+)="(.*)"$', "\n".join(environment.steps), re.MULTILINE))
    assert arguments["EE_BASE_IMAGE"] == "quay.io/centos/centos:stream9"
    assert arguments["PYCMD"] == "/usr/bin/python3.12"
    core = Requirement(arguments["ANSIBLE_INSTALL_REFS"].split()[0])
    assert core.name == "ansible-core"
    assert core.specifier.contains(ansible.release.__version__)
