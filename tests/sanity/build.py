# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection's tarball into ``build/dist``, has galaxy-importer judge it, and puts what it installs to work.

A warning is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sanity.installed import shortcomings
from support.checkout import CHECKOUT, copy_checkout

DIST = CHECKOUT / "build" / "dist"
COPY = DIST / "source"


def build() -> Path:
    """Return the path of the freshly built tarball."""
    shutil.rmtree(DIST, ignore_errors=True)
    copy_checkout(COPY)
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", str(DIST), str(COPY)], check=True)
    (tarball,) = DIST.glob("flotilla-eks-*.tar.gz")
    return tarball


def judge(tarball: Path) -> list[str]:
    """Return what galaxy-importer holds against the tarball, a line each; nothing if it could be published as it is."""
    environment = os.environ | {"GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(CHECKOUT / "build" / "ansible" / "tmp")}
    command = [sys.executable, "-m", "galaxy_importer.main", tarball.name]
    run = subprocess.run(command, cwd=DIST, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    print(run.stdout, end="")
    complaints = [line for line in run.stdout.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    if run.returncode or not (DIST / "importer_result.json").exists():
        complaints.append(f"galaxy-importer ended with {run.returncode} and gave no result")
    return complaints


def main() -> int:
    """Return 0 when the importer has nothing to say, and the installed collection works."""
    tarball = build()
    complaints = judge(tarball)
    if complaints:
        print("galaxy-importer complains:", *complaints, sep="\n  ", file=sys.stderr)
        return 1
    if wrong := shortcomings(tarball, DIST / "installed"):
        print("The installed collection is not whole:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    print(tarball.relative_to(CHECKOUT), "could be published as it is")
    return 0


if __name__ == "__main__":
    sys.exit(main())
