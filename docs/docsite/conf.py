# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx makes HTML of the guides and of what antsibull-docs writes: see `make docs`."""

import re

from docutils import nodes

project = "flotilla.eks"
author = "flotilla.eks contributors"
copyright = author
title = html_title = "flotilla.eks"
html_short_title = "flotilla.eks"

# No intersphinx: it would fetch inventories, and this has to build without a network.
extensions = ["sphinx_antsibull_ext"]
default_role = "any"
nitpicky = True
suppress_warnings = ["config.cache"]

html_theme = "sphinx_rtd_theme"
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_copy_source = False
html_show_sphinx = False
html_use_index = False


# What the pages name of Ansible and of other collections, on the site where that is documented.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
OUTSIDE = re.compile(r"ansible_collections\.(?!flotilla\.)(\w+)\.(\w+)\.(\w+_(?:module|lookup|connection))")


def resolve(_app, _environment, node, content):
    """The link of a reference to something that is not of this collection; None for what is, and is missing."""
    target = node["reftarget"]
    outside = OUTSIDE.fullmatch(target)
    if node["reftype"] == "envvar":
        page = f"{LABELS['ansible_configuration_settings']}#envvar-{target}"
    elif outside:
        page = "collections/{}/{}/{}.html".format(*outside.groups())
    else:
        page = LABELS.get(target)
    return nodes.reference("", "", content, refuri=f"{ANSIBLE}/{page}") if page else None


def setup(app):
    """Called by Sphinx."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
