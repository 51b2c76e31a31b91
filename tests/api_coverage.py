# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints which module reaches which operation of the EKS API that the installed botocore knows."""

from __future__ import annotations

from support.checkout import install_collection


def main() -> None:
    install_collection()
    from support.coverage import table
    from support.descriptors import EKS, RESOURCES

    print(*table(RESOURCES.values(), EKS), sep="\n")


if __name__ == "__main__":
    main()
