# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX checks, derives and hides beyond what the fields of a kind say. Each rule names where AWX has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from support.awx_api import schema
from support.awx_api.store import ENCRYPTED, Object, Refused, Store

QUESTIONS = ("text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float")


def secrets_of(store: Store, credential_type: int) -> set[str]:
    fields = store.find("credential_types", credential_type)["inputs"].get("fields", [])
    return {entry["id"] for entry in fields if entry.get("secret")}


def check(store: Store, kind: str, wanted: Object, existing: Object | None, playbooks: dict[str, list[str]]) -> None:
    """Refuse of ``wanted``, an object as it would be, what AWX would. Encrypted values keep those of ``existing``."""
    if kind == "job_templates":
        _job_template(store, wanted, playbooks)
    elif kind == "credential_types":
        _credential_type(store, wanted, existing)
    elif kind == "credentials":
        _credential(store, wanted, existing)
    elif kind == "schedules":
        _rrule(wanted["rrule"])
    elif kind == "inventory_sources" and wanted["source"] == "scm" and not wanted.get("source_project"):
        raise Refused({"source_project": ["Project required for scm type sources."]})
    elif kind == "notification_templates":
        _notification(wanted, existing)


def _job_template(store: Store, wanted: Object, playbooks: dict[str, list[str]]) -> None:
    """awx.api.serializers.JobTemplateSerializer and JobOptionsSerializer."""
    if not wanted.get("inventory") and not wanted.get("ask_inventory_on_launch"):
        raise Refused({"inventory": ["This field is required unless it is asked for on launch."]})
    if not wanted.get("project"):
        raise Refused({"project": ["This field is required."]})
    project = store.find("projects", wanted["project"])
    if wanted.get("playbook") not in playbooks.get(project["scm_url"], []) or project["status"] != "successful":
        raise Refused({"playbook": ["Playbook not found for project."]})
    if wanted.get("job_slice_count", 1) < 1:
        raise Refused({"job_slice_count": ["Ensure this value is greater than or equal to 1."]})


def _credential_type(store: Store, wanted: Object, existing: Object | None) -> None:
    """awx.main.fields: CredentialTypeInputField and CredentialTypeInjectorField."""
    if wanted["managed"]:
        raise Refused({"detail": "Modifications not allowed for managed credential types"}, 403)
    if existing and existing["inputs"] != wanted["inputs"]:
        used = any(item["credential_type"] == existing["id"] for item in store.all("credentials"))
        if used:
            raise Refused({"detail": "Modifications to inputs are not allowed for credential types in use"}, 403)
    names = set()
    for entry in wanted["inputs"].get("fields", []):
        known = {
            "id",
            "label",
            "type",
            "format",
            "choices",
            "help_text",
            "multiline",
            "secret",
            "ask_at_runtime",
            "default",
        }
        if not {"id", "label"} <= set(entry) <= known or not re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", entry["id"]):
            raise Refused({"inputs": [f"not an input: {entry}"]})
        names.add(entry["id"])
    if not set(wanted["inputs"].get("required", [])) <= names:
        raise Refused({"inputs": ["'required' names what is no field"]})
    _injectors(wanted["injectors"], names)


def _injectors(injectors: Object, names: set[str]) -> None:
    if not set(injectors) <= {"file", "env", "extra_vars"}:
        raise Refused({"injectors": [f"not injectors: {sorted(injectors)}"]})
    files = injectors.get("file", {})
    if any(not re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name) for name in files):
        raise Refused({"injectors": [f"not names of files: {sorted(files)}"]})
    if len(files) > 1 and "template" in files:
        raise Refused({"injectors": ["Must use multi-file syntax when injecting multiple files"]})
    paths: Any = "/runner/file" if "template" in files else {name.partition(".")[2]: "/runner/file" for name in files}
    given = dict.fromkeys(names, "EXAMPLE") | {"tower": {"filename": paths}}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for kind, templates in injectors.items():
        for name, template in _texts(templates, nested=kind == "extra_vars"):
            try:
                environment.from_string(template).render(given)
            except Exception as error:
                raise Refused({"injectors": [f"{kind} {name} uses an undefined field ({error})"]}) from error


def _texts(templates: Object, nested: bool) -> Iterator[tuple[str, str]]:
    """Templates by name. Of the injectors, variables alone may have structure (CredentialTypeInjectorField.schema)."""
    for name, template in templates.items():
        if isinstance(template, dict) and nested:
            yield from _texts(template, nested)
        elif isinstance(template, str):
            yield name, template
        else:
            raise Refused({"injectors": [f"{name} is no text"]})


def _credential(store: Store, wanted: Object, existing: Object | None) -> None:
    """awx.main.fields.CredentialInputField."""
    inputs = store.find("credential_types", wanted["credential_type"])["inputs"]
    unknown = set(wanted["inputs"]) - {entry["id"] for entry in inputs["fields"]}
    if unknown:
        raise Refused({"inputs": [f"Additional properties are not allowed: {sorted(unknown)}"]})
    for name, value in wanted["inputs"].items():
        if value == ENCRYPTED:
            wanted["inputs"][name] = (existing or {"inputs": {}})["inputs"].get(name, "")


def _notification(wanted: Object, existing: Object | None) -> None:
    """awx.api.serializers.NotificationTemplateSerializer.validate."""
    kind, given = wanted["notification_type"], wanted["notification_configuration"]
    if kind not in schema.NOTIFICATION_NEEDS:
        raise Refused({"notification_type": [f"this stand-in knows no {kind}"]})
    missing = [name for name in schema.NOTIFICATION_NEEDS[kind] if name not in given]
    unknown = set(given) - set(schema.NOTIFICATION_NEEDS[kind]) - set(schema.NOTIFICATION_FIELDS[kind])
    if missing or unknown:
        raise Refused({"__all__": [f"Missing required fields: {missing}; unknown: {sorted(unknown)}"]})
    wanted["notification_configuration"] = {**schema.NOTIFICATION_FIELDS[kind], **given}


def _rrule(text: str) -> None:
    """awx.api.serializers.SchedulePreviewSerializer.validate_rrule."""
    if len(re.findall(r"DTSTART(?:;TZID=[^:]+)?:\d{8}T\d{6}Z?", text)) != 1:
        raise Refused({"rrule": ["Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"]})
    if not re.search(r"\bRRULE:.*FREQ=(?!SECONDLY)\w+", text) or "INTERVAL=" not in text:
        raise Refused({"rrule": ["INTERVAL required in rrule"]})


def check_survey(spec: Object) -> None:
    """awx.api.views.JobTemplateSurveySpec._validate_spec_data."""
    if set(spec) != {"name", "description", "spec"} or not spec["spec"]:
        raise Refused({"error": "a survey is made of name, description and spec, which has items"})
    variables = [question.get("variable") for question in spec["spec"]]
    for number, question in enumerate(spec["spec"]):
        for name in ("type", "question_name", "variable", "required"):
            if name not in question:
                raise Refused({"error": f"'{name}' missing from survey question {number}."})
        if question["type"] not in QUESTIONS or variables.count(question["variable"]) != 1:
            raise Refused({"error": f"survey question {number}: bad type, or a variable twice"})
        default, choices = question.get("default", ""), question.get("choices")
        if question["type"] == "integer" and default != "" and not isinstance(default, int):
            raise Refused({"error": f"Default value {default!r} of question {number} is no integer"})
        if question["type"].startswith("multi") and (not choices or (default and default not in choices)):
            raise Refused({"error": f"question {number}: Default choice must be answered from the choices listed."})


def check_associated(store: Store, name: str, members: list[int]) -> None:
    """awx.api.views.JobTemplateCredentialsList: no two of a type, but vaults."""
    if name == "credentials":
        types = [store.find("credentials", number)["credential_type"] for number in members]
        if len(types) != len(set(types)):
            raise Refused({"error": "Cannot assign multiple credentials of one type."})


def check_removal(store: Store, kind: str, number: int) -> None:
    """awx.api.views.CredentialTypeDetail.destroy."""
    if kind == "credential_types" and any(item["credential_type"] == number for item in store.all("credentials")):
        raise Refused({"detail": "Credential types that are in use cannot be deleted"}, 403)


def shown(store: Store, kind: str, item: Object) -> Object:
    """The object as AWX tells of it: no secrets, an organization where it has one by way of another."""
    if kind == "credentials":
        secrets = secrets_of(store, item["credential_type"])
        hidden = {name: ENCRYPTED if name in secrets and value else value for name, value in item["inputs"].items()}
        return {**item, "inputs": hidden}
    if kind == "notification_templates":
        given = item["notification_configuration"]
        hidden = {
            name: ENCRYPTED if name in schema.NOTIFICATION_SECRETS and value else value for name, value in given.items()
        }
        return {**item, "notification_configuration": hidden}
    return item
