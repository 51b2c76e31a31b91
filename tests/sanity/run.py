# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every ``ansible-test sanity`` test on a copy of the checkout, and fails when one fails or could not run.

ansible-test wants the collection at ``ansible_collections/flotilla/eks`` and keeps its virtual environments in the home
directory; both are given below ``build/sanity``. Its bootstrap of pip is a download from a site of Ansible's: a two-line
script that uses the pip which comes with Python stands in for it, so that the package index is all it needs.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
WORK = CHECKOUT / "build" / "sanity"
COPY = WORK / "ansible_collections" / "flotilla" / "eks"
HOME = WORK / "home"

PIP_BOOTSTRAP = "import ensurepip\nensurepip.bootstrap(upgrade=True)\n"
PIP_BOOTSTRAP_VERSIONS = ("21_3_1", "24_2")


def copy_checkout() -> None:
    """Copy what git tracks or would track, as a repository of its own: ansible-test asks git for the files."""
    shutil.rmtree(COPY, ignore_errors=True)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, listing.split("\0")):
        if (CHECKOUT / name).exists():  # a deleted file is listed until its deletion is committed
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, COPY / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)


def prepare_home() -> None:
    """Give ansible-test's home directory the pip bootstrap and the user's own pip settings (the environment's are not passed on)."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in PIP_BOOTSTRAP_VERSIONS:
        (cache / f"get_pip_{version}.py").write_text(PIP_BOOTSTRAP, encoding="utf-8")
    settings = HOME / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch(mode=0o600)  # an index address may carry a password
    with settings.open("w", encoding="utf-8") as file:
        pip_settings().write(file)


def pip_settings() -> configparser.RawConfigParser:
    """The settings that pip has here, from its files and the environment, as one file's content."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    settings = configparser.RawConfigParser()
    settings.add_section("global")
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):  # the environment wins
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        section = "global" if section == ":env:" else section
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, value.strip("'\"").replace("\\n", "\n\t"))
    return settings


def main() -> int:
    """Return the exit code of the run; 1 also when a test was skipped because a tool was missing."""
    copy_checkout()
    prepare_home()
    command = ["ansible-test", "sanity", "--venv", "--color", "no", "-v"]
    environment = os.environ | {"HOME": str(HOME)}
    skipped = []
    with subprocess.Popen(command, cwd=COPY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            print(line, end="", flush=True)
            if "Skipping sanity test" in line:
                skipped.append(line.strip())
    if skipped:
        print("Some sanity tests could not run:", *skipped, sep="\n  ", file=sys.stderr)
    return run.returncode or int(bool(skipped))


if __name__ == "__main__":
    sys.exit(main())
