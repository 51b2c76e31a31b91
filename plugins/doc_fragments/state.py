# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a resource shall exist, and what that means for one that exists already."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  state:
    description:
      - With V(present), what is missing is created, and what differs from the options given is changed.
      - With V(absent), it is deleted. It is no error if it does not exist.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is omitted is left alone. To empty a list or a map, give an empty one, such as V([]) or V({}).
  - What was made by hand or by another tool is adopted by naming it. Only the options given are compared, so begin
    with few of them, in check mode with C(--diff).
  - A change that AWS does not allow fails before anything is written, with the field, the value found and the one
    wanted.
"""
