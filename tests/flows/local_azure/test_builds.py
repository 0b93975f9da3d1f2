"""Whole builds by the real activities: what is made, what runs in the machines, what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.flows.local_azure.kiln import STAGED, gallery, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.local_azure.kiln import Kiln


def test_a_submitted_template_is_built_distributed_and_deleted(kiln: Callable[..., Kiln]) -> None:
    hello = kiln(template(distribute=[gallery("northeurope"), {"type": "VHD", "runOutputName": "vhd"}]))

    hello.submit()
    assert hello.template.provisioning_state == "Succeeded", hello.template.provisioning_error
    assert hello.resources() == STAGED

    run = hello.build()
    assert run.state == "Succeeded", run.message
    outputs = {output.name: output for output in run.outputs}
    assert outputs["gallery"].regions == ("westeurope", "northeurope")
    assert outputs["vhd"].artifact_uri is not None
    assert hello.resources() == STAGED

    assert hello.delete().status == "Completed"
