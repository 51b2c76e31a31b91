# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every ``ansible-test sanity`` test, on every supported Python of this machine, and ignores none.

ansible-test wants the collection below a directory ``ansible_collections``, next to the ones that it imports, and keeps
its virtual environments in the home directory: both are made in ``build/sanity``. Its bootstrap of pip is a download
from a site of Ansible's; a script that unpacks the pip of Python itself stands in for it, so that the package index is
all that a run asks of the network.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_collections
import yaml

from support.checkout import CHECKOUT, copy_checkout

WORK = CHECKOUT / "build" / "sanity"
COLLECTIONS = WORK / "ansible_collections"
COPY = COLLECTIONS / "flotilla" / "eks"
HOME = WORK / "home"
PYTHONS = WORK / "pythons"

CONTROLLER_VERSIONS = ("3.11", "3.12", "3.13")
PIP_BOOTSTRAP = "import ensurepip\nensurepip.bootstrap(upgrade=True)\n"


def output(*command: str) -> str:
    """What a command prints, run in the checkout; raises CalledProcessError when it fails."""
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout


def link_dependencies() -> None:
    """Put the collections that galaxy.yml names next to ours, from the installed ``ansible`` package."""
    (installed,) = map(Path, ansible_collections.__path__)
    for name in yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]:
        link = COLLECTIONS.joinpath(*name.split("."))
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(installed.joinpath(*name.split(".")))


def link_pythons() -> list[str]:
    """Link the interpreters that run (a version manager's shim may not) into one directory; return their versions."""
    shutil.rmtree(PYTHONS, ignore_errors=True)
    PYTHONS.mkdir(parents=True)
    for version in CONTROLLER_VERSIONS:
        try:
            real = output(f"python{version}", "-c", "import sys; print(sys.executable)").strip()
        except (OSError, subprocess.CalledProcessError):
            continue
        (PYTHONS / f"python{version}").symlink_to(real)
    return sorted(path.name.removeprefix("python") for path in PYTHONS.iterdir())


def prepare_home() -> None:
    """Make ansible-test's home directory, with the bootstrap of pip and the user's pip settings."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "get_pip_24_2.py").write_text(PIP_BOOTSTRAP, encoding="utf-8")
    settings = HOME / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch(mode=0o600)  # the address of an index may carry a password
    with settings.open("w", encoding="utf-8") as file:
        pip_settings().write(file)


def pip_settings() -> configparser.RawConfigParser:
    """The settings that pip has here, as one file: ansible-test hides the environment, the new home the user's."""
    settings = configparser.RawConfigParser()
    lines = output(sys.executable, "-m", "pip", "config", "list").splitlines()
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):  # the environment has the last word
        name, value = line.split("=", 1)
        section, option = name.replace(":env:", "global").split(".", 1)
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, value.strip("'\"").replace("\\n", "\n"))
    return settings


def run_tests(versions: list[str]) -> int:
    """Return ansible-test's exit code, or 1 if a test was skipped because something that it needs was not there."""
    controller = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--color", "no", "--controller", f"origin:python=venv/{controller}"]
    for version in versions:
        command += ["--target-python", version]
    environment = os.environ | {"HOME": str(HOME), "PATH": os.pathsep.join([str(PYTHONS), os.environ["PATH"]])}
    skipped = False
    with subprocess.Popen(
        command, cwd=COPY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        for line in run.stdout or ():
            print(line, end="", flush=True)
            skipped |= "Skipping sanity test" in line
    return run.returncode or int(skipped)


def main() -> int:
    """Prepare, run, and say on which Pythons."""
    copy_checkout(COPY)
    output("git", "init", "--quiet", str(COPY))  # ansible-test asks git for the files
    link_dependencies()
    prepare_home()
    versions = link_pythons()
    code = run_tests(versions)
    print("ansible-test sanity", "FAILED" if code else "passed", "on Python", ", ".join(versions))
    return code


if __name__ == "__main__":
    sys.exit(main())
