# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting and creating again what cannot be changed."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  replace:
    description:
      - What to do where a field differs that AWS cannot change, or where a creation has failed. With V(false), the
        task fails and says which field it is.
      - With V(true), it is deleted and created again from the options of this task. What the task does not say is not
        carried over from the old one.
    type: bool
    default: false
"""
