# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's launch templates, which moto stores as it is given them and knows no rules for. They stay in moto's state,
where its instances are launched from them."""
