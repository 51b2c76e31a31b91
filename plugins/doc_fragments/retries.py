# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module deals with an AWS that does not answer."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
notes:
  - A call that AWS throttles, or answers with an internal error, is made up to 10 times. Another number can be set by
    O(aws_config), or by the environment variables E(AWS_MAX_ATTEMPTS) and E(AWS_RETRY_MODE).
"""
