"""Route templates."""

from __future__ import annotations

import pytest

from devkit.host.routes import RouteError, Router, collapse_slashes, compile_route


def match(template: str, path: str, method: str = "GET") -> dict[str, str] | None:
    found = Router([compile_route(template, ["GET"], "target")]).match(method, path)
    return None if found is None else found[1]


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("things", "/things", {}),
        ("/things/", "/things/", {}),
        ("", "/", {}),
        ("things/{name}", "/Things/A", {"name": "A"}),
        ("things/{name}", "/things", None),
        ("things/{name}", "/things/a/b", None),
        ("things/{name?}", "/things", {}),
        ("things/{name=none}", "/things", {"name": "none"}),
        ("things/{name=none}", "/things/a", {"name": "a"}),
        ("things/{id:int}", "/things/42", {"id": "42"}),
        ("things/{id:int}", "/things/x", None),
        (
            "things/{id:guid}",
            "/things/00000000-0000-0000-0000-000000000001",
            {"id": "00000000-0000-0000-0000-000000000001"},
        ),
        ("{*rest}", "/a/b/c", {"rest": "a/b/c"}),
        ("things/{*rest}", "/things", {}),
        ("a/{x}.{y}/z", "/a/b.c/z", {"x": "b", "y": "c"}),
        ("things/{name}", "/things/a%20b%2Fc", {"name": "a b/c"}),
        ("a.b", "/aXb", None),
    ],
)
def test_templates(template: str, path: str, parameters: dict[str, str] | None) -> None:
    assert match(template, path) == parameters


def test_another_method_does_not_match() -> None:
    assert match("things", "/things", "POST") is None
    assert match("things", "/things", "get") == {}


def test_a_route_without_methods_takes_all() -> None:
    assert Router([compile_route("x", [], "target")]).match("PATCH", "/x") == ("target", {})


def test_literals_win_over_parameters_and_those_over_catch_alls() -> None:
    templates = ["{*rest}", "a/{name}", "a/{id:int}", "a/b", "{first}/b"]
    router = Router([compile_route(template, [], template) for template in templates])

    def winner(path: str) -> str | None:
        found = router.match("GET", path)
        return found and found[0]

    assert winner("/a/b") == "a/b"
    assert winner("/a/7") == "a/{id:int}"
    assert winner("/a/c") == "a/{name}"
    assert winner("/c/b") == "{first}/b"
    assert winner("/c/d") == "{*rest}"


def test_settings_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE", "v2")
    assert match("%BASE%/x", "/v2/x") == {}
    with pytest.raises(RouteError, match="needs the setting 'NOT_SET'"):
        compile_route("%NOT_SET%/x", [], None)


@pytest.mark.parametrize("template", ["x/{id:unheard}", "x/{", "x/}a"])
def test_what_cannot_be_read_is_refused(template: str) -> None:
    with pytest.raises(RouteError):
        compile_route(template, [], None)


def test_slashes_collapse() -> None:
    assert collapse_slashes("//a///b/c//") == "/a/b/c/"
