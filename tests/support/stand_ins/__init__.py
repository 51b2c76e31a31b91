# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in, on machines for tests, for programs and services that are not to be had here.

They run on the machines, by nothing but Python. Of the real ones they keep what others see of them: the files that they
read and write, their options, what they refuse, and how they fail. Sources: https://github.com/awslabs/amazon-eks-ami
(nodeadm), Kubernetes' reference of the kubelet, AWS's user guide of EC2.
"""
