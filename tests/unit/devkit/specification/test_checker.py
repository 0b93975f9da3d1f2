from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from devkit.specification import Exchange, NotJson

if TYPE_CHECKING:
    from collections.abc import Callable

MADE = "2024-01-01T10:00:00.5+00:00"
POLL = {"location": "https://x/poll"}


def oven(**more: Any) -> dict[str, Any]:
    return {"id": "/one", "location": "westeurope", "madeAt": MADE, **more}


def test_an_exchange_as_specified_has_no_violation(check: Callable[..., list[str]]) -> None:
    full = oven(heat=200, colour="red", note=None, tags={"a": "b"}, free={"any": [1]}, bricks=[{"kind": "Clay"}])
    assert check("GET", 200, full, query="&$expand=all") == []
    assert check("PUT", 201, full, request={"location": "x"}, headers=POLL) == []
    assert check("DELETE", 202) == []


@pytest.mark.parametrize(
    ("answer", "violation"),
    [
        (oven(heat="hot"), "answer heat: expected integer, got string"),
        (oven(heat=0), "answer heat: breaks exclusiveMinimum: 0"),
        (oven(heat=2**31), "answer heat: is no int32"),
        (oven(colour="blue"), "answer colour: 'blue' is not one of red, grey"),
        (oven(smell="bread"), "answer smell: not in the specification"),
        (oven(tags={"a": 1}), "answer tags.a: expected string, got integer"),
        (oven(heat=None), "answer heat: expected integer, got null"),
        (oven(note=1), "answer note: expected string, got integer"),
        (oven(madeAt="2024-01-01T10:00:00"), "answer madeAt: is no date-time"),
        (oven(bricks=[{"kind": "Straw"}]), "answer bricks[0].kind: 'Straw' is not one of Clay"),
        (oven(bricks=[{"kind": "Clay", "x": 1}]), "answer bricks[0].x: not in the specification"),
        (oven(bricks=[{"size": 1}]), "answer bricks[0].kind: required and missing"),
        ({"id": "/one", "madeAt": MADE}, "answer location: required and missing"),
        ([], "answer: expected object, got array"),
        (None, "answer: has no body"),
    ],
)
def test_an_answer_that_is_not_as_specified_is_told_with_its_place(
    check: Callable[..., list[str]], answer: Any, violation: str
) -> None:
    assert check("GET", 200, answer) == [violation]


@pytest.mark.parametrize("name", ["heat", "location", "tags", "bricks", "planted", "secret", "picture"])
def test_what_is_told_of_a_mistake_does_not_quote_the_value(check: Callable[..., list[str]], name: str) -> None:
    value: Any = {"a": ["planted-Secret-6"]} if name in {"location", "tags"} else "planted-Secret-6"
    told = check("GET", 200, oven(**{name: value}))
    assert told
    assert "planted-Secret-6" not in str(told)


def test_secrets_and_what_is_only_for_writing_may_not_be_shown(check: Callable[..., list[str]]) -> None:
    hidden = "a secret, or only for writing: an answer may not carry it"
    shown = oven(secret="s", seed="s")
    assert check("GET", 200, shown) == [f"answer secret: {hidden}", f"answer seed: {hidden}"]
    assert check("POST", 200, shown) == [f"answer seed: {hidden}"]
    assert check("PUT", 200, oven(), request=shown) == []


def test_what_the_service_writes_need_not_be_sent(check: Callable[..., list[str]]) -> None:
    assert check("PUT", 200, oven(), request={"location": "x"}) == []
    assert check("PUT", 200, oven(), request={}) == ["request location: required and missing"]
    assert check("PUT", 200, oven()) == ["request: required and missing"]
    assert check("POST", 200, oven(), request={}) == ["request: has a body; the operation takes none"]


def test_a_refused_request_is_not_judged_but_its_error_is(check: Callable[..., list[str]]) -> None:
    error = {"error": {"code": "Bad", "message": "no"}}
    assert check("PUT", 400, error, request={"nonsense": 1}) == []
    assert check("PUT", 400, {"error": {"code": "Bad"}}) == ["answer error.message: required and missing"]
    assert check("PUT", 400) == ["answer: expected object, got null", "answer: has no body"]


def test_statuses_bodies_and_polling_headers_are_judged(check: Callable[..., list[str]]) -> None:
    assert check("GET", 206, oven()) == ["status: 206 is not one of 200, default"]
    assert check("DELETE", 202, {}) == ["answer: has a body; a 202 of this operation has none"]
    nowhere = "headers: a 201 of a long-running operation names neither location nor azure-asyncoperation"
    assert check("PUT", 201, oven(), request={"location": "x"}) == [nowhere]


def test_path_and_query_are_judged(check: Callable[..., list[str]]) -> None:
    long = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Ovens/ovens/toolong"
    assert check("GET", 200, oven(), path=long) == ["path name: breaks maxLength: 5"]
    assert check("GET", 200, oven(), query="&$expand=some") == ["query $expand: 'some' is not one of all"]
    assert check("GET", 200, oven(), query="&colour=red") == ["query colour: not in the specification"]


def test_an_operation_or_version_that_is_nowhere_specified_is_a_violation(check: Callable[..., list[str]]) -> None:
    nowhere = "operation: Microsoft.Ovens has none such at this api-version (stored versions: 2024-01-01)"
    assert check("GET", 200, oven(), version="2025-01-01") == [nowhere]
    assert check("PATCH", 200, oven()) == [nowhere]
    assert check("PATCH", 405, {"error": {"code": "Bad", "message": "no"}}) == []


def test_paths_are_compared_as_arm_does(check: Callable[..., list[str]]) -> None:
    odd = "/subscriptions/s/RESOURCEGROUPS/g//providers/microsoft.ovens/Ovens/one/"
    assert check("GET", 200, oven(), path=odd) == []


def test_an_answer_that_only_claims_to_be_json_is_refused() -> None:
    with pytest.raises(NotJson):
        Exchange.decoded("GET", "/x", 200, request=b"", answer=b"{", headers={"Content-Type": "application/json"})
    text = Exchange.decoded("GET", "/x", 200, request=b"{", answer=b"{", headers={"Content-Type": "text/plain"})
    assert (text.request, text.answer) == (None, "{")


def test_what_is_told_of_an_exchange_carries_no_bodies() -> None:
    exchange = Exchange("PUT", "/x?api-version=1&sig=planted", 200, request={"a": "planted"}, answer={"a": "planted"})
    assert "planted" not in f"{exchange} {exchange!r}".replace("sig=planted", "")
    assert str(exchange) == "PUT /x (api-version 1) 200"
