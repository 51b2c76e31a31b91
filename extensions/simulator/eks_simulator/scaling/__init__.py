# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Auto Scaling: groups of instances that live on the simulated clock, as strict as AWS.

The calls are carried out by one module for each kind of them. `capacity` decides what a group has to
do next, `transitions` takes its instances from one lifecycle state to the next, and `launching` makes them in moto's
EC2. What can be decided without all these is in `balance`, `purchasing` and the `*_rules`.
"""
