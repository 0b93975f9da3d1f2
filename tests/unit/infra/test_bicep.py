"""Errors that Microsoft's compiler would find, as far as the syntax tree tells: syntax, names, and calls of modules."""

from __future__ import annotations

import pytest

from tests.unit.infra.bicep_file import INFRA, BicepFile, files

FILES = {str(file.path.relative_to(INFRA)): file for file in files()}
ENTRIES = {"main.bicep", "events.bicep"}
FUNCTIONS = {
    *("empty", "environment", "guid", "join", "last", "length", "map", "resourceGroup", "split", "string"),
    *("subscription", "subscriptionResourceId", "substring", "tenant", "toObject", "union", "uniqueString"),
}
DECORATORS = {"allowed", "description", "maxLength", "maxValue", "minLength", "minValue"}


@pytest.fixture(params=sorted(FILES))
def file(request: pytest.FixtureRequest) -> BicepFile:
    return FILES[request.param]


def test_a_file_parses(file: BicepFile) -> None:
    assert file.faults() == []


def test_a_file_refers_to_nothing_that_it_does_not_declare(file: BicepFile) -> None:
    symbols = {item.symbol for item in (*file.resources, *file.modules)}

    assert file.references() <= {*file.parameters, *file.variables, *symbols, *file.locals()}
    assert file.functions() <= FUNCTIONS | DECORATORS


def test_a_file_declares_nothing_that_it_does_not_use(file: BicepFile) -> None:
    assert {*file.parameters, *file.variables} <= file.references()


def test_parameters_and_outputs_say_what_they_are(file: BicepFile) -> None:
    assert [item.name for item in file.parameters.values() if not item.description] == []
    assert [name for name, description in file.outputs.items() if not description] == []


def test_a_module_is_there_and_gets_what_it_asks_for(file: BicepFile) -> None:
    for module in file.modules:
        target = BicepFile(file.path.parent / module.target)
        given = file.property(module.body, "params")
        assert given is not None
        required = {item.name for item in target.parameters.values() if item.required}
        assert required <= set(file.keys(given)) <= set(target.parameters), module.symbol


def test_a_module_is_deployed_to_the_scope_that_it_is_written_for(file: BicepFile) -> None:
    for module in file.modules:
        target = BicepFile(file.path.parent / module.target)
        scope = file.property(module.body, "scope")
        if target.scope != file.scope:
            assert scope is not None, module.symbol
        elif scope is not None:  # another one of the same kind
            assert file.text(scope).startswith(f"{target.scope}("), module.symbol


def test_outputs_that_are_taken_from_modules_are_there(file: BicepFile) -> None:
    paths = {module.symbol: file.path.parent / module.target for module in file.modules}

    for symbol, output in file.module_outputs():
        assert output in BicepFile(paths[symbol]).outputs, f"{symbol}.outputs.{output}"


def test_every_file_is_deployed() -> None:
    used = {
        (file.path.parent / module.target).resolve().relative_to(INFRA).as_posix()
        for file in FILES.values()
        for module in file.modules
    }

    assert used | ENTRIES == set(FILES)
