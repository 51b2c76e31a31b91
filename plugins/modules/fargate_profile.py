#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fargate_profile
short_description: x
"""

EXAMPLES = r"""
"""

RETURN = r"""
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run
from ansible_collections.flotilla.eks.plugins.module_utils._resources.fargate_profile import FARGATE_PROFILE


def main() -> None:
    run(FARGATE_PROFILE)


if __name__ == "__main__":
    main()
