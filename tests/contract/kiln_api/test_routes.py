"""Every route of the whole app, in the order in which the Functions host tries them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from devkit.host.app import load_app
from devkit.host.http_triggers import routes
from devkit.host.paths import decoded
from devkit.host.routes import Route, Router, ordinal
from tests.contract.kiln_api.conftest import REPOSITORY, SUBSCRIPTION
from tests.contract.kiln_api.in_process import Api
from triggers.provider import ALL_METHODS

if TYPE_CHECKING:
    from devkit.host.app import ServedFunction

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.VirtualMachineImages"
AWKWARD = ["x", "runs", "run", "imageTemplates", "imageGraph", "health", "providers", "cancel", "a b", "%", "a%2Fb"]
"""Values of parameters: words that some route has as a literal there, and texts that a client has to escape."""


@pytest.fixture(scope="module")
def router() -> Router[ServedFunction]:
    """The router of the host, with the routes of the app."""
    return Router(routes(load_app(REPOSITORY)))


def addresses(route: Route[ServedFunction]) -> list[str]:
    """Return paths of a route: each parameter with each awkward value, and the others with any."""
    names = [segment.name for segment in route.segments if segment.name]
    choices = [dict.fromkeys(names, value) for value in AWKWARD]
    choices += [dict.fromkeys(names, "x") | {name: value} for name in names for value in AWKWARD]
    paths = ["/" + "/".join(s.literal or chosen[s.name] for s in route.segments) for chosen in choices]
    return list(dict.fromkeys([*paths, *[f"{path}/" for path in paths], *[path.upper() for path in paths]]))


def is_catch_all(route: Route[ServedFunction]) -> bool:
    return route.segments[-1].rest


def test_each_function_gets_what_its_route_says(router: Router[ServedFunction]) -> None:
    own = [route for route in router.routes if not is_catch_all(route)]
    assert len(own) > 20
    for route in own:
        for method, path in itertools.product(route.methods or (), addresses(route)):
            found = router.match(method, path)
            assert found is not None, (route.function, method, path)
            assert found[0].name == route.function, (method, path)


def test_what_catches_all_comes_after_all_else(router: Router[ServedFunction]) -> None:
    assert [route.template for route in router.routes if is_catch_all(route)] == [
        "providers/{*rest}",
        "subscriptions/{*rest}",
    ]
    assert [is_catch_all(route) for route in router.routes[-2:]] == [True, True]
    assert ordinal("otherwise_") > ordinal("http_zzz")


def test_what_no_function_has_is_caught(router: Router[ServedFunction]) -> None:
    for method in ALL_METHODS:
        for path in ("/subscriptions", f"{GROUP}/imageTemplates/web/nonsense/x", f"{GROUP}/imageTemplates//web"):
            found = router.match(method, path)
            assert found is not None
            assert found[0].name == "otherwise_refuse_subscription_path"


@pytest.mark.usefixtures("azure_environment", "no_throttle")
@pytest.mark.parametrize("bad", ["a%2Fb", "a%2fb%2F..", "%2E%2E%2F", ""])
def test_an_empty_name_or_a_slash_within_one_is_refused_by_the_api(router: Router[ServedFunction], bad: str) -> None:
    api = Api(judged=False)
    asked = 0
    for route in router.routes:
        names = [segment.name for segment in route.segments[: None if bad else -1] if segment.name]
        for name, method in itertools.product(names, route.methods or ()):
            values = dict.fromkeys(names, "x") | {"subscription": SUBSCRIPTION, name: bad}
            raw = "/" + "/".join(s.literal or values.get(s.name, "x") for s in route.segments)
            if router.match(method, decoded(raw)) is None:
                continue  # the host's own 404
            answer = api(method, raw, body={})
            assert answer.status in {400, 404, 405}, (method, raw)
            assert answer.error["message"]
            asked += 1
    assert asked > 40
