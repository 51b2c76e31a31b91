# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of this collection supports."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    support: full
    description: Tells what would be done. Calls no operation of AWS that writes.
  diff_mode:
    support: full
    description: Shows the fields that change, each before and after, and no others.
  idempotent:
    support: full
    description: The same task again changes nothing, as long as nobody else did.
  action_group:
    support: full
    description: >-
      Takes the defaults that C(module_defaults) has for C(group/flotilla.eks.aws) and for C(group/amazon.aws.aws).
    membership:
      - flotilla.eks.aws
options: {}
"""

    INFO = r"""
attributes:
  check_mode:
    support: full
    description: Only reads, in check mode as well as outside it.
  diff_mode:
    support: N/A
    description: Changes nothing, so there is nothing to show.
  idempotent:
    support: full
    description: Changes nothing.
  action_group:
    support: full
    description: >-
      Takes the defaults that C(module_defaults) has for C(group/flotilla.eks.aws) and for C(group/amazon.aws.aws).
    membership:
      - flotilla.eks.aws
options: {}
"""
