# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives in a cluster: its controllers, its scheduler, the kubelets of its nodes, and Fargate."""

from .context import FargateProfile, Subnet
from .manager import Controllers

__all__ = ["Controllers", "FargateProfile", "Subnet"]
