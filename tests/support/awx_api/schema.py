# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kinds of objects AWX has, and what each is made of: its fields, what it refers to, what it is unique by.

The source is AWX 24.6.1, as far as awx.awx 24.6.1 speaks to it: models of awx.main, serializers of awx.api.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEXT, NUMBER, FLAG, DOCUMENT = "text", "number", "flag", "document"


@dataclass(frozen=True)
class Field:
    """``type`` is one of the above; ``refers`` the kind of the object whose id the value is."""

    type: str = TEXT
    default: Any = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    refers: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of object. ``lists`` are the kinds of what is associated with it, by the name of the list.

    ``told`` are fields that AWX tells and takes back without a word, although nobody can change them.
    """

    type: str
    fields: dict[str, Field]
    unique: tuple[str, ...] = ("name",)
    lists: dict[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    survey: bool = False


REQUIRED = Field(required=True)
OPTIONAL = Field()
NUMBERED = Field(NUMBER, 0)
OFF = Field(FLAG, False)
SOME = Field(DOCUMENT, required=True)
NAMED = {"name": REQUIRED, "description": OPTIONAL}


def to(kind: str, *, required: bool = False) -> Field:
    """A field that refers to an object of a kind."""
    return Field(NUMBER, None, required, refers=kind)


HOOKS = {f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")}
APPROVALS = {"notification_templates_approvals": "notification_templates"}
PROMPTS = {"credentials": "credentials", "labels": "labels", "instance_groups": "instance_groups"}
ASKED = ("limit", "tags", "skip_tags", "variables", "inventory", "scm_branch", "labels")
ASKED_OF_JOBS = (
    *("diff_mode", "job_type", "verbosity", "credential", "execution_environment", "forks", "instance_groups"),
    *("job_slice_count", "timeout"),
)

SOURCES = (
    "file",
    "constructed",
    "scm",
    "ec2",
    "gce",
    "azure_rm",
    "vmware",
    "satellite6",
    "openstack",
    "rhv",
    "controller",
)
NOTIFIERS = ("awssns", "email", "grafana", "irc", "mattermost", "pagerduty", "rocketchat", "slack", "twilio", "webhook")

KINDS: dict[str, Kind] = {
    "organizations": Kind(
        "organization",
        {**NAMED, "max_hosts": NUMBERED, "default_environment": to("execution_environments")},
        lists=HOOKS | APPROVALS | {"galaxy_credentials": "credentials", "instance_groups": "instance_groups"},
    ),
    "execution_environments": Kind(
        "execution_environment",
        {
            **NAMED,
            "image": REQUIRED,
            "organization": to("organizations"),
            "credential": to("credentials"),
            "pull": Field(choices=("", "always", "missing", "never")),
        },
        told=("managed",),
    ),
    "labels": Kind(
        "label", {"name": REQUIRED, "organization": to("organizations", required=True)}, ("organization", "name")
    ),
    "teams": Kind("team", {**NAMED, "organization": to("organizations", required=True)}, ("organization", "name")),
    "instance_groups": Kind("instance_group", {"name": REQUIRED}),
    "credential_types": Kind(
        "credential_type",
        {
            **NAMED,
            "managed": OFF,
            "kind": Field(required=True, choices=("cloud", "net")),
            "inputs": Field(DOCUMENT, {}),
            "injectors": Field(DOCUMENT, {}),
        },
        ("kind", "name"),
        told=("namespace",),
    ),
    "credentials": Kind(
        "credential",
        {
            **NAMED,
            "organization": to("organizations"),
            "credential_type": to("credential_types", required=True),
            "inputs": Field(DOCUMENT, {}),
        },
        ("organization", "name", "credential_type"),
        told=("managed", "kind"),
    ),
    "projects": Kind(
        "project",
        {
            **NAMED,
            "organization": to("organizations", required=True),
            "scm_type": Field(choices=("", "git", "svn", "insights", "archive")),
            **dict.fromkeys(("scm_url", "scm_branch", "scm_refspec", "local_path"), OPTIONAL),
            **dict.fromkeys(("scm_clean", "scm_delete_on_update", "scm_track_submodules", "scm_update_on_launch"), OFF),
            "allow_override": OFF,
            "scm_update_cache_timeout": NUMBERED,
            "timeout": NUMBERED,
            "credential": to("credentials"),
            "default_environment": to("execution_environments"),
            "signature_validation_credential": to("credentials"),
        },
        ("organization", "name"),
        HOOKS,
        told=("scm_revision", "status"),
    ),
    "inventories": Kind(
        "inventory",
        {
            **NAMED,
            "organization": to("organizations", required=True),
            "kind": Field(choices=("", "smart", "constructed")),
            "host_filter": Field(default=None),
            "variables": OPTIONAL,
            "prevent_instance_group_fallback": OFF,
        },
        ("organization", "name"),
        {"instance_groups": "instance_groups"},
    ),
    "hosts": Kind(
        "host",
        {**NAMED, "inventory": to("inventories", required=True), "enabled": Field(FLAG, True), "variables": OPTIONAL},
        ("inventory", "name"),
    ),
    "groups": Kind(
        "group",
        {**NAMED, "inventory": to("inventories", required=True), "variables": OPTIONAL},
        ("inventory", "name"),
        {"hosts": "hosts", "children": "groups"},
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **NAMED,
            "inventory": to("inventories", required=True),
            "source": Field(required=True, choices=SOURCES),
            **dict.fromkeys(("source_path", "source_vars", "scm_branch", "limit", "host_filter"), OPTIONAL),
            **dict.fromkeys(("enabled_var", "enabled_value"), OPTIONAL),
            **dict.fromkeys(("overwrite", "overwrite_vars", "update_on_launch"), OFF),
            **dict.fromkeys(("timeout", "update_cache_timeout"), NUMBERED),
            "verbosity": Field(NUMBER, 1),
            "credential": to("credentials"),
            "execution_environment": to("execution_environments"),
            "source_project": to("projects"),
        },
        ("inventory", "name"),
        HOOKS,
    ),
    "job_templates": Kind(
        "job_template",
        {
            **NAMED,
            "job_type": Field(default="run", choices=("run", "check")),
            "inventory": to("inventories"),
            "project": to("projects"),
            "playbook": OPTIONAL,
            **dict.fromkeys(("limit", "job_tags", "skip_tags", "start_at_task", "extra_vars", "scm_branch"), OPTIONAL),
            **dict.fromkeys(("forks", "verbosity", "timeout"), NUMBERED),
            "job_slice_count": Field(NUMBER, 1),
            **dict.fromkeys(("force_handlers", "use_fact_cache", "become_enabled", "diff_mode"), OFF),
            **dict.fromkeys(("survey_enabled", "allow_simultaneous", "prevent_instance_group_fallback"), OFF),
            **{f"ask_{name}_on_launch": OFF for name in ASKED + ASKED_OF_JOBS},
            "execution_environment": to("execution_environments"),
            "webhook_service": Field(choices=("", "github", "gitlab")),
            "webhook_credential": to("credentials"),
            "host_config_key": OPTIONAL,
        },
        ("project", "name"),
        HOOKS | PROMPTS,
        told=("organization",),  # that of the project
        survey=True,
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **NAMED,
            "organization": to("organizations"),
            "inventory": to("inventories"),
            **dict.fromkeys(("limit", "job_tags", "skip_tags", "extra_vars", "scm_branch"), OPTIONAL),
            **dict.fromkeys(("survey_enabled", "allow_simultaneous"), OFF),
            **{f"ask_{name}_on_launch": OFF for name in ASKED},
            "webhook_service": Field(choices=("", "github", "gitlab")),
            "webhook_credential": to("credentials"),
        },
        ("organization", "name"),
        HOOKS | APPROVALS | {"labels": "labels"},
        survey=True,
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            "identifier": REQUIRED,
            "workflow_job_template": to("workflow_job_templates", required=True),
            "unified_job_template": to("unified_job_templates"),
            "inventory": to("inventories"),
            "extra_data": Field(DOCUMENT, {}),
            **dict.fromkeys(("scm_branch", "job_type", "job_tags", "skip_tags", "limit"), OPTIONAL),
            "all_parents_must_converge": OFF,
        },
        ("workflow_job_template", "identifier"),
        PROMPTS | {f"{outcome}_nodes": "workflow_job_template_nodes" for outcome in ("success", "failure", "always")},
        told=("type",),
    ),
    "workflow_approval_templates": Kind(
        "workflow_approval_template", {**NAMED, "timeout": NUMBERED}, unique=(), told=("workflow_job_template_node",)
    ),
    "schedules": Kind(
        "schedule",
        {
            **NAMED,
            "rrule": REQUIRED,
            "unified_job_template": to("unified_job_templates", required=True),
            "enabled": Field(FLAG, True),
            "extra_data": Field(DOCUMENT, {}),
            "inventory": to("inventories"),
            **dict.fromkeys(("limit", "job_tags", "skip_tags", "scm_branch", "job_type"), OPTIONAL),
        },
        ("unified_job_template", "name"),
        PROMPTS,
    ),
    "notification_templates": Kind(
        "notification_template",
        {
            **NAMED,
            "organization": to("organizations", required=True),
            "notification_type": Field(required=True, choices=NOTIFIERS),
            "notification_configuration": SOME,
            "messages": Field(DOCUMENT, None),
        },
        ("organization", "name"),
    ),
}

UNIFIED = ("job_templates", "workflow_job_templates", "projects", "inventory_sources", "workflow_approval_templates")
"""The kinds of what a workflow's node or a schedule can start."""

NOTIFICATION_FIELDS: dict[str, dict[str, Any]] = {
    "webhook": {"http_method": "POST", "disable_ssl_verification": False, "username": "", "password": ""},
    "slack": {"hex_color": ""},
}
"""What AWX adds to the configuration of a notification template, where it is left out (awx.main.notifications)."""

NOTIFICATION_NEEDS = {"webhook": ("url", "headers"), "slack": ("channels", "token")}
NOTIFICATION_SECRETS = ("password", "token", "account_token")
