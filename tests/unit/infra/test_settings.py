"""App settings and host.json: what the code reads is what the deployment sets, and the hosts agree on the rest."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from kiln.doctor.settings import KNOWN, SCHEDULES
from kiln.planner.scripts import ARTIFACT_VARIABLE
from tests.unit.infra.bicep_file import INFRA, BicepFile
from tests.unit.infra.deployed import ROOT, files

SETTING = re.compile(r"KILN_[A-Z_]+|AZURE_CLIENT_ID")
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
NAMING = "kiln/doctor/"
"""Where settings are named to say what is wrong with them, which is no use of them."""
NOT_ON_FLEX = {
    *("ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME"),
    *("FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_MAX_HTTP_CONCURRENCY", "SCM_DO_BUILD_DURING_DEPLOYMENT"),
    *("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE", "WEBSITE_RUN_FROM_PACKAGE"),
    *("WEBSITE_TIME_ZONE", "TZ"),
}
"""Microsoft's "App settings reference for Azure Functions", Flex Consumption plan deprecations."""


def settings() -> dict[str, str]:
    """Return what the deployment sets, as it is written."""
    file = BicepFile(INFRA / "modules/settings.bicep")
    (resource,) = (item for item in file.resources if not item.existing)
    properties = file.property(resource.body, "properties")
    assert properties is not None
    return {key: file.text(value) for key in file.keys(properties) if (value := file.property(properties, key))}


def host() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    return read


def read_by_the_app() -> set[str]:
    """Return the names of settings in the code that is deployed: strings that are nothing but one."""
    found = {
        node.value
        for path in files()
        if path.endswith(".py") and not path.startswith(NAMING)
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SETTING.fullmatch(node.value)
    }
    return found - {ARTIFACT_VARIABLE}  # a build machine's


def test_what_the_app_reads_is_what_is_set() -> None:
    assert set(settings()) - OF_THE_HOST == read_by_the_app()


def test_the_doctor_knows_each_of_kilns_settings_and_takes_no_other_name_for_one() -> None:
    """Each is both set by the template and read by the app; what the host reads is none of Kiln's."""
    of_kiln = {name for name in settings() if name.startswith("KILN_")}

    assert sorted(KNOWN) == sorted(of_kiln), "a slip in a name is told by what is known"
    assert set(KNOWN) <= read_by_the_app()
    assert set(SCHEDULES) == {name for name in of_kiln if name.endswith("_SCHEDULE")}


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
