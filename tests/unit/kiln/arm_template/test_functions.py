"""Functions as Microsoft's pages of them show, by example."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.arm_template.faults import ExpressionInvalid, KnownAtDeployment
from kiln.arm_template.place import Place
from kiln.arm_template.scopes import scope_of
from kiln.arm_template.unique_string import unique_string

PLACE = Place("sub", "rg", "westeurope", now=datetime(2026, 11, 29, 8, 5, 3, tzinfo=UTC))
GROUP = "/subscriptions/sub/resourceGroups/rg"


def value(text: str, place: Place = PLACE, **body: Any) -> Any:
    return scope_of(body, place, {}).text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("base64('one')", "b25l"),
        ("base64ToString('b25l')", "one"),
        ("base64ToJson('eyJhIjoxfQ==')", {"a": 1}),
        ("concat('a', 1, true())", "a1True"),
        ("concat(createArray(1), createArray(2))", [1, 2]),
        ("contains('OneTwo', 'Two')", True),
        ("contains('OneTwo', 'two')", False),
        ("contains(createArray('a', 'b'), 'b')", True),
        ("contains(createObject('Name', 1), 'name')", True),
        ("dataUriToString(dataUri('Hello'))", "Hello"),
        ("empty('')", True),
        ("empty(null())", True),
        ("endsWith('abcdef', 'EF')", True),
        ("first('One')", "O"),
        ("first(createArray())", None),
        ("format('{0}, {1}. {{{2:N0}}}', 'Hello', 'User', 8175133)", "Hello, User. {8,175,133}"),
        ("format('{0:D3}|{0:X2}|{0:F1}|{0,4}|{0,-4}|', 7)", "007|07|7.0|   7|7   |"),
        ("guid('a', 'b')", "2d796349-8c7e-55ec-9624-54ece82ed031"),
        ("indexOf('test', 'T')", 0),
        ("indexOf(createArray('a', 'b'), 'b')", 1),
        ("join(createArray('a', 1), '-')", "a-1"),
        ("json('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("last('One')", "e"),
        ("lastIndexOf('test', 't')", 3),
        ("length('One')", 3),
        ("length(createObject('a', 1))", 1),
        ("padLeft('10', 5, '0')", "00010"),
        ("padLeft(10, 3)", " 10"),
        ("replace('123-123', '-', '')", "123123"),
        ("skip('abc', 1)", "bc"),
        ("skip(createArray(1, 2), -1)", [1, 2]),
        ("split('a,b;c', createArray(',', ';'))", ["a", "b", "c"]),
        ("startsWith('Abc', 'aB')", True),
        ("string(createObject('a', createArray(1)))", '{"a":[1]}'),
        ("string(true())", "True"),
        ("substring('one two three', 4, 3)", "two"),
        ("take('abc', 9)", "abc"),
        ("toLower('One')", "one"),
        ("toUpper('One')", "ONE"),
        ("trim('  one ')", "one"),
        ("uri('http://contoso.org/firstpath/', 'myscript.sh')", "http://contoso.org/firstpath/myscript.sh"),
        ("uriComponent('http://contoso.com/a b')", "http%3A%2F%2Fcontoso.com%2Fa%20b"),
        ("uriComponentToString('a%20b')", "a b"),
        ("array('a')", ["a"]),
        ("flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]),
        ("intersection(createArray(1, 2, 3), createArray(3, 2))", [2, 3]),
        ("intersection(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 3))", {"b": 2}),
        ("items(createObject('b', 1, 'a', 2))", [{"key": "a", "value": 2}, {"key": "b", "value": 1}]),
        ("max(1, 3, 2)", 3),
        ("min(createArray(3, 2))", 2),
        ("objectKeys(createObject('b', 1, 'a', 2))", ["a", "b"]),
        ("range(5, 3)", [5, 6, 7]),
        ("shallowMerge(createArray(createObject('a', 1), createObject('a', 2)))", {"a": 2}),
        ("tryGet(createObject('a', createArray(7)), 'a', 0)", 7),
        ("tryGet(createObject('a', 1), 'b', 'c')", None),
        ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
        (
            "union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2), 'b', 3))",
            {"a": {"x": 1, "y": 2}, "b": 3},
        ),
        ("add(5, -3)", 2),
        ("sub(5, 3)", 2),
        ("mul(5, 3)", 15),
        ("div(-7, 2)", -3),
        ("mod(-7, 2)", -1),
        ("int('4')", 4),
        ("bool('True')", True),
        ("bool(0)", False),
        ("and(true(), false())", False),
        ("or(true(), false())", True),
        ("not(true())", False),
        ("equals('a', 'A')", False),
        ("equals(1, true())", False),
        ("equals(createObject('a', 1), createObject('a', 1))", True),
        ("less('abc', 'abd')", True),
        ("greaterOrEquals(2, 2)", True),
        ("coalesce(null(), 'a')", "a"),
        ("if(true(), 'a', reference('x'))", "a"),
        ("dateTimeAdd('2020-04-07 14:53:14Z', '-P1Y2M')", "2019-02-07 14:53:14Z"),
        ("dateTimeAdd('2024-01-31T00:00:00Z', 'P1M')", "2024-02-29T00:00:00Z"),
        ("dateTimeToEpoch('1970-01-02T00:00:00Z')", 86400),
        ("dateTimeFromEpoch(86400)", "1970-01-02T00:00:00Z"),
        ("utcNow()", "20261129T080503Z"),
        ("utcNow('yyyy.MM.dd')", "2026.11.29"),
        ("utcNow('d')", "11/29/2026"),
        ("utcNow('M-d H:m')", "11-29 8:5"),
        ("resourceGroup().id", GROUP),
        ("resourceGroup().Location", "westeurope"),
        ("subscription().subscriptionId", "sub"),
        ("deployment().name", "deployment"),
        ("environment().suffixes.storage", "core.windows.net"),
        ("resourceId('Microsoft.Compute/images', 'a')", f"{GROUP}/providers/Microsoft.Compute/images/a"),
        (
            "resourceId('s', 'g', 'Microsoft.Compute/galleries/images', 'a', 'b')",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/a/images/b",
        ),
        (
            "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
            "/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions/r",
        ),
        ("subscriptionResourceId('s', 'Microsoft.Resources/resourceGroups', 'g')", "/subscriptions/s/resourceGroups/g"),
        ("extensionResourceId('/a', 'Microsoft.B/c', 'd')", "/a/providers/Microsoft.B/c/d"),
        ("tenantResourceId('Microsoft.B/c', 'd')", "/providers/Microsoft.B/c/d"),
        ("CONCAT('a')", "a"),
        ("createArray('a')[0]", "a"),
        ("createObject('Name', 1).name", 1),
        ("createObject('a', 1)[?'b']", None),
        ("and(false(), 'not looked at')", False),
        ("or(true(), 'not looked at')", True),
        ("coalesce('a', reference('not looked at'))", "a"),
        ("filter(range(0, 10), lambda('i', equals(0, mod(lambdaVariables('i'), 2))))", [0, 2, 4, 6, 8]),
        ("filter(createArray('a', 'b'), lambda('x', 'at', equals(lambdaVariables('at'), 1)))", ["b"]),
        ("map(createArray('a'), lambda('X', 'at', concat(lambdaVariables('x'), lambdaVariables('AT'))))", ["a0"]),
        ("map(createArray(1), lambda('i', map(createArray(2), lambda('j', lambdaVariables('i')))))", [[1]]),
        ("mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", {"a": 2}),
        ("reduce(createArray(5, 3, 2, 8), 1, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))", 19),
        ("reduce(createArray(5, 3), 0, lambda('c', 'n', 'i', add(lambdaVariables('c'), lambdaVariables('i'))))", 1),
        ("sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", [1, 2, 3]),
        ("toObject(createArray('a', 'b'), lambda('x', toUpper(lambdaVariables('x'))))", {"A": "a", "B": "b"}),
        ("toObject(createArray('a'), lambda('x', lambdaVariables('x')), lambda('x', 1))", {"a": 1}),
        ("groupBy(createArray('ab', 'c', 'ad'), lambda('x', take(lambdaVariables('x'), 1)))",
         {"a": ["ab", "ad"], "c": ["c"]}),
        ("indexFromEnd(createArray('a', 'b', 'c'), 2)", "b"),
        ("tryIndexFromEnd(createArray('a'), 2)", None),
        ("tryIndexFromEnd(createArray('a'), 1)", "a"),
        ("length(newGuid())", 36),
        ("environment().authentication.loginEndpoint", "https://login.microsoftonline.com/"),
        ("parseCidr('10.144.0.0/20')",
         {"network": "10.144.0.0", "netmask": "255.255.240.0", "broadcast": "10.144.15.255",
          "firstUsable": "10.144.0.1", "lastUsable": "10.144.15.254", "cidr": 20}),
        ("parseCidr('fdad:3236:5555::/48').lastUsable", "fdad:3236:5555:ffff:ffff:ffff:ffff:ffff"),
        ("cidrSubnet('10.144.0.0/20', 24, 1)", "10.144.1.0/24"),
        ("cidrHost('10.144.3.0/24', 0)", "10.144.3.1"),
    ],
)  # fmt: skip
def test_a_function_does_what_its_page_says(text: str, expected: Any) -> None:
    found = value(f"[{text}]")
    assert found == expected
    assert isinstance(found, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("concat(createObject())", r"concat\(\): expected strings or arrays, got an object"),
        ("toLower(1)", r"toLower\(\): expected a string, got a number"),
        ("toLower()", r"toLower\(\) takes 1 argument, here it has 0"),
        ("concat()", r"concat\(\) takes 1 or more arguments"),
        ("substring('abc', 2, 9)", "characters 2 to 11 are not within a string of 3"),
        ("format('{1}', 'a')", "there is no value for {1}"),
        ("format('{')", "a single '{'"),
        ("format('{0:P}', 1)", "the format 'P'"),
        ("json('{')", "not JSON"),
        ("base64ToString('*')", "not base64"),
        ("div(1, 0)", "division by zero"),
        ("createObject('a')", "come in pairs"),
        ("range(0, 10001)", "0 to 10000"),
        ("min(createArray())", "at least one number"),
        ("resourceId('a')", "a resource type, such as"),
        ("resourceId('Microsoft.Compute/images', 'a', 'b')", "has 1 names, but got 2"),
        ("createObject('a', 1).b", "an object has no 'b'"),
        ("createArray('a')[1]", "an array has no 1"),
        ("'a'.b", "a string has no properties or items, so no 'b'"),
        ("parameters('x')", "there is no parameter 'x'"),
        ("variables('x')", "there is no variable 'x'"),
        ("copyIndex()", "outside of a loop"),
        ("nothing()", r"there is no function nothing\(\)"),
        ("if(1, 2)", "takes 3 arguments"),
        ("if('true', 1, 2)", "expected a bool"),
        ("mine.own()", r"the template has no function mine.own\(\)"),
        ("dateTimeAdd('2020-01-01', 'three days')", "not a duration"),
        ("utcNow('Q')", "the date format 'Q'"),
        ("parameters()", r"parameters\(\) takes 1 argument, here it has 0"),
        ("resourceGroup('a')", r"resourceGroup\(\) takes 0 arguments, here it has 1"),
        ("map(createArray(1), 2)", r"map\(\): expected a lambda\(\), got a number"),
        ("map(createArray(1), lambda('a', 'b', 'c', 1))", "its lambda has 1 to 2 variables, here 3"),
        ("sort(createArray(1, 2), lambda('a', true()))", "its lambda has 2 variables, here 1"),
        ("filter(createArray(1), lambda('x', 1))", r"filter\(\): expected a bool, got a number"),
        ("concat(lambda('x', 1))", r"a lambda can only be an argument of filter\(\), groupBy\(\)"),
        ("lambdaVariables('x')", "there is no lambda variable 'x'"),
        ("toObject(createArray(1), lambda('x', lambdaVariables('x')))", "expected a string, got a number"),
        ("fail('no such thing')", r"fail\(\): no such thing"),
        ("indexFromEnd(createArray(1), 0)", "no item 0 from its end"),
        ("mul(9223372036854775807, 2)", "more than 64 bits"),
        ("add(123456789012345678901, 1)", "more than 64 bits"),
        ("dateTimeAdd('9999-12-31', 'P2D')", r"dateTimeAdd\(\): year 10000 is out of range"),
        ("dateTimeFromEpoch(999999999999999)", r"dateTimeFromEpoch\(\): "),
        ("json('[NaN]')", "NaN is not a JSON value"),
        ("and(true())", "takes 2 or more arguments"),
        ("coalesce()", "takes 1 or more arguments"),
        ("cidrSubnet('10.0.0.0/16', 8, 0)", "must be 16 to 32"),
        ("cidrSubnet('10.0.0.0/16', 17, 2)", "no subnet 2"),
        ("cidrHost('10.0.0.0/30', 2)", "no host 2"),
        ("parseCidr('here')", "not a range of addresses"),
        ("replace('a', '', 'b')", "the text to replace is empty"),
    ],
)
def test_what_a_function_does_not_take_is_told(text: str, why: str) -> None:
    with pytest.raises(ExpressionInvalid, match=why):
        value(f"[{text}]")


@pytest.mark.parametrize(
    "text",
    ["reference('a').b", "list('a', '2020')", "listKeys('a', '2020').keys", "resourceGroup().tags", "tenant().tenantId",
     "subscription().tenantId", "deployment().properties.templateLink.uri", "string(resourceGroup())",
     "createArray(resourceGroup())", "map(createArray(1), lambda('i', reference('a')))"],
)  # fmt: skip
def test_what_a_deployment_alone_knows_is_told_as_that(text: str) -> None:
    with pytest.raises(KnownAtDeployment):
        value(f"[{text}]")


def test_a_place_that_is_not_known_makes_ids_unknown() -> None:
    for text in ("resourceGroup().location", "resourceId('Microsoft.Compute/images', 'a')", "subscription().id"):
        with pytest.raises(KnownAtDeployment, match="is not known here"):
            value(f"[{text}]", Place())


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("test",), "rbgf3xv4ufgzg"),
        (("hello", "world"), "a7wkljktk6wne"),
        (("abc",), "cgtzqvhu4i23s"),
        (("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg",), "bmg7c6xu4tw46"),
        (("foo", "bar", "baz"), "xzi4ioaxtmth4"),
    ],
)
def test_a_unique_string_is_azures(parts: tuple[str, ...], expected: str) -> None:
    assert unique_string(*parts) == expected


@given(st.text())
def test_a_unique_string_fits_into_names(text: str) -> None:
    found = unique_string(text)
    assert len(found) == 13
    assert found.isalnum()
    assert found == found.lower()
