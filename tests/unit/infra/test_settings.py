"""App settings and host.json: the code reads the settings that the deployment sets, and the hosts agree on the rest."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from kiln.config import SETTINGS
from kiln.doctor.settings import KNOWN
from kiln.planner.scripts import ARTIFACT_VARIABLE
from tests.unit.infra.bicep_file import INFRA, BicepFile
from tests.unit.infra.deployed import ROOT, files

SETTING = re.compile(r"\bKILN_[A-Z_]*[A-Z]\b|\bAZURE_CLIENT_ID\b")
FILLS = re.compile(r"(?:string\()?(\w+)\)?")
"""Forms in which a parameter's value becomes a setting's."""
PARAMETER = re.compile(r"((?:^@.*\n)*)^param (\w+) [\w[\]]+(?: = (.*))?$", re.MULTILINE)
LISTS = {"grants", "reach"}
"""Parameters that are lists, empty by default, where a setting is not set."""
OF_THE_HOST = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "PYTHON_ISOLATE_WORKER_DEPENDENCIES",
    "PYTHON_THREADPOOL_THREAD_COUNT",
}
MODEL = "kiln/config/"
NOT_ON_FLEX = {
    *("ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME"),
    *("FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_MAX_HTTP_CONCURRENCY", "SCM_DO_BUILD_DURING_DEPLOYMENT"),
    *("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE", "WEBSITE_RUN_FROM_PACKAGE"),
    *("WEBSITE_TIME_ZONE", "TZ"),
}
"""Microsoft's "App settings reference for Azure Functions", Flex Consumption plan deprecations."""


def settings() -> dict[str, str]:
    """Return the settings of the deployment, as they are written."""
    file = BicepFile(INFRA / "modules/settings.bicep")
    (resource,) = (item for item in file.resources if not item.existing)
    properties = file.property(resource.body, "properties")
    assert properties is not None
    return {key: file.text(value) for key in file.keys(properties) if (value := file.property(properties, key))}


def host() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    return read


def sources() -> dict[str, str]:
    """Return the modules that are deployed, but for the model itself."""
    return {
        path: (ROOT / path).read_text(encoding="utf-8")
        for path in files()
        if path.endswith(".py") and not path.startswith(MODEL)
    }


def parameters() -> dict[str, tuple[str | None, str | None, str | None]]:
    """Return each parameter of the main file: its least and greatest value, and its default, as they are written."""
    found = {}
    for decorators, name, default in PARAMETER.findall((INFRA / "main.bicep").read_text(encoding="utf-8")):
        least, most = (re.search(rf"@{bound}\((\d+)\)", decorators) for bound in ("minValue", "maxValue"))
        found[name] = (least and least[1], most and most[1], default.strip("'") or None)
    return found


def test_the_deployment_sets_all_that_the_model_has_and_nothing_else_of_kilns() -> None:
    assert set(settings()) - OF_THE_HOST == {name for name, setting in SETTINGS.items() if not setting.mark.platform}


def test_what_has_to_be_set_is_never_empty() -> None:
    required = {name: settings()[name] for name, setting in SETTINGS.items() if setting.required}

    assert required == {"KILN_STATE_ENDPOINT": "storage.properties.primaryEndpoints.blob"}


def test_parameters_have_the_bounds_and_the_defaults_of_the_settings_that_they_fill() -> None:
    given = parameters()
    filled = {name: FILLS.fullmatch(text) for name, text in settings().items() if name in SETTINGS}
    pairs = {name: match[1] for name, match in filled.items() if match and match[1] in given}
    expected = {
        parameter: (*(str(bound) if bound is not None else None for bound in SETTINGS[name].bounds),
                    SETTINGS[name].default or None)
        for name, parameter in pairs.items()
        if parameter not in LISTS
    }  # fmt: skip

    assert set(pairs) > {"KILN_HISTORY_DAYS", "KILN_SWEEP_SCHEDULE", "KILN_RATE_LIMIT", "KILN_REACH"}
    assert {parameter: given[parameter] for parameter in expected} == expected


def test_each_setting_is_used_by_the_app() -> None:
    used: set[str] = set()
    for text in sources().values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "binding":
                used |= {ast.literal_eval(argument) for argument in node.args}

    properties = {"artifact_limit_mb": "artifact_limit"}
    assert [
        name
        for name, setting in SETTINGS.items()
        if not {setting.field, properties.get(setting.field, setting.field), name} & used
    ] == []


def test_the_code_speaks_of_no_setting_that_the_model_does_not_know() -> None:
    named = {name for text in sources().values() for name in SETTING.findall(text)}

    assert named - {ARTIFACT_VARIABLE, "KILN_ENDPOINT"} <= set(SETTINGS), "the two are a build machine's, the command's"


def test_documents_speak_of_no_setting_that_nobody_knows() -> None:
    pages = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md"))
    of_others = (*ROOT.glob("kiln/cli/**/*.py"), *ROOT.glob("devkit/**/*.py"), INFRA / "main.parameters.json")
    named, known = ({name for path in paths for name in SETTING.findall(path.read_text(encoding="utf-8"))}
                    for paths in (pages, of_others))  # fmt: skip

    outputs = set(BicepFile(INFRA / "main.bicep").outputs)
    assert named - set(SETTINGS) - known - outputs == set()


def test_a_slip_is_told_by_the_settings_of_kiln_alone() -> None:
    assert set(KNOWN) == {name for name in settings() if name.startswith("KILN_")}


def test_settings_are_set_in_one_place() -> None:
    places = {file.name for file in INFRA.rglob("*.bicep") if "appsettings" in file.read_text().lower()}

    assert places == {"settings.bicep"}


def test_the_hosts_own_settings_are_there_and_none_that_the_plan_has_no_use_for() -> None:
    assert set(settings()) >= OF_THE_HOST
    assert not set(settings()) & NOT_ON_FLEX


def test_durable_keeps_its_state_where_the_settings_say() -> None:
    provider = host()["extensions"]["durableTask"]["storageProvider"]

    assert any(name.startswith(f"{provider['connectionName']}__") for name in settings())


def test_there_are_threads_for_as_many_activities_as_run_at_once() -> None:
    most = host()["extensions"]["durableTask"]["maxConcurrentActivityFunctions"]

    assert int(settings()["PYTHON_THREADPOOL_THREAD_COUNT"].strip("'")) >= most


def test_histories_and_traces_keep_no_payloads_and_replays_are_whole() -> None:
    durable = host()["extensions"]["durableTask"]

    assert durable["tracing"]["traceInputsAndOutputs"] is False
    assert durable["extendedSessionsEnabled"] is False


def test_templates_reach_by_default_what_the_operator_has_named_and_nothing_else() -> None:
    main = (INFRA / "main.bicep").read_text(encoding="utf-8")
    settings_file = (INFRA / "modules/settings.bicep").read_text(encoding="utf-8")

    assert "var named = union(buildResourceGroupIds, imageResourceGroupIds, networkResourceGroupIds, " in main
    assert "var reachOfNamed = empty(named) ? [] : [{ templates: '/', resources: named }]" in main
    assert "reach: empty(reach) ? reachOfNamed : reach" in main
    assert "var audiences = empty(authClientId) ? []" in settings_file, "without a registration no token opens the API"
