"""Route templates, and the choice of the one that serves a request."""

from __future__ import annotations

import pytest

from devkit.host.routes import RouteError, Router, compile_route, ordinal


def match(template: str, path: str, method: str = "GET") -> dict[str, str] | None:
    found = Router([compile_route("f", template, ["GET"], "target")]).match(method, path)
    return None if found is None else found[1]


def winner(templates: dict[str, str], path: str) -> str | None:
    """Return the function that serves GET `path`, of functions with templates."""
    router = Router([compile_route(name, template, ["GET"], name) for name, template in templates.items()])
    found = router.match("GET", path)
    return None if found is None else found[0]


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("things", "/things", {}),
        ("/things/", "/things/", {}),
        ("things", "/things//", None),
        ("", "/", {}),
        ("things/{name}", "/Things/A", {"name": "A"}),
        ("things/{name}", "/things", None),
        ("things/{name}", "/things/", None),
        ("things/{name}", "/things/a/b", None),
        ("things/{name}", "//things/a", None),
        ("things/{name}", "/things//a", None),
        ("things/{name?}", "/things", {}),
        ("things/{name?}/end", "/things/end", None),
        ("things/{name=none}", "/things", {"name": "none"}),
        ("things/{name=none}", "/things/a", {"name": "a"}),
        ("things/{id:int}", "/things/42", {"id": "42"}),
        ("things/{id:int}", "/things/x", None),
        ("things/{id:int?}", "/things", {}),
        ("things/{id:int=none}", "/things", None),
        ("{*rest}", "/a/b/c", {"rest": "a/b/c"}),
        ("{*rest}", "/a//b/", {"rest": "a//b/"}),
        ("{*rest}", "//a", None),
        ("{*rest}", "/", {}),
        ("things/{*rest}", "/things", {}),
        ("things/{*rest=none}", "/things/", {"rest": "none"}),
        ("things/{name}", "/things/a b%2Fc", {"name": "a b%2Fc"}),
        ("a.b", "/aXb", None),
        ("things", "/thing\u017f", None),  # the LONG S is an S in upper case
    ],
)
def test_templates(template: str, path: str, parameters: dict[str, str] | None) -> None:
    assert match(template, path) == parameters


def test_another_method_does_not_match() -> None:
    assert match("things", "/things", "POST") is None
    assert match("things", "/things", "get") == {}


def test_a_route_without_methods_takes_all() -> None:
    assert Router([compile_route("x", "x", None, "target")]).match("PATCH", "/x") == ("target", {})


def test_the_first_in_the_order_of_names_wins_however_special_a_later_one_is() -> None:
    assert winner({"z": "a/b", "Y": "a/{name}", "b": "{*rest}"}, "/a/b") == "b"
    assert winner({"z": "a/b", "Y": "a/{name}", "zz": "{*rest}"}, "/a/b") == "Y"
    assert winner({"a": "a/b", "Y": "a/{name}", "zz": "{*rest}"}, "/a/b") == "a"


def test_an_underscore_comes_after_letters() -> None:
    assert winner({"get_it": "{x}", "gets": "{y}"}, "/a") == "gets"
    assert sorted(["http_b", "httpz", "HTTP_a", "http-"], key=ordinal) == ["http-", "httpz", "HTTP_a", "http_b"]


def test_a_route_of_other_methods_is_passed_over() -> None:
    router = Router([compile_route("a", "{*rest}", ["GET"], "a"), compile_route("b", "x", ["POST"], "b")])
    assert router.match("POST", "/x") == ("b", {})


@pytest.mark.parametrize(
    ("one", "other"),
    [(["GET"], ["get", "PUT"]), (None, ["GET"]), ([], ["GET"])],
)
def test_two_functions_of_one_template_and_method_are_refused(one: list[str] | None, other: list[str]) -> None:
    routes = [compile_route("a", "x/{id}/", one, 1), compile_route("b", "X/{ID}", other, 2)]
    with pytest.raises(RouteError, match=r"'b' and 'a' both serve 'X/\{ID\}'"):
        Router(routes)


def test_two_functions_of_one_template_may_share_it_by_methods() -> None:
    router = Router([compile_route("a", "x", ["GET"], 1), compile_route("b", "x", ["PUT"], 2)])
    assert router.match("PUT", "/x") == (2, {})


def test_a_prefix_stands_before_every_template() -> None:
    router = Router([compile_route("a", "x/{id}", ["GET"], 1, prefix="api")])
    assert router.match("GET", "/api/x/7") == (1, {"id": "7"})
    assert router.match("GET", "/x/7") is None


def test_settings_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE", "v2")
    assert match("%BASE%/x", "/v2/x") == {}
    with pytest.raises(RouteError, match="needs the setting 'NOT_SET'"):
        compile_route("f", "%NOT_SET%/x", [], None)


@pytest.mark.parametrize(
    "template",
    [
        "x/{id:unheard}", "x/{", "x/}a", "x//y", "{*rest}/x", "{*rest?}", "{x=1?}", "{x}/{X}", "{x}.{y}", "a{x}", "ü",
        "/admin/x", "Administrators", "runtime/webhooks",
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused(template: str) -> None:
    with pytest.raises(RouteError):
        compile_route("f", template, [], None)


def test_a_slash_first_and_a_prefix_leave_an_empty_segment() -> None:
    with pytest.raises(RouteError, match="empty segment"):
        compile_route("f", "/x", [], None, prefix="api")
