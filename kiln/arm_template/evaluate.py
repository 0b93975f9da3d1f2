"""Evaluation of expressions in the scope of a deployment: its parameters, variables, functions and loops.

Parameters and variables are evaluated only when they are used, and only once, so that an unused one cannot fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kiln.arm_template import expressions
from kiln.arm_template.bounds import Work
from kiln.arm_template.expressions import Access, Call, Expression, Literal
from kiln.arm_template.faults import ExpressionInvalid, KnownAtDeployment, Path
from kiln.arm_template.functions import FUNCTIONS
from kiln.arm_template.functions.lambdas import FUNCTIONS as OF_LAMBDAS
from kiln.arm_template.functions.lambdas import Lambda
from kiln.arm_template.functions.table import Function, found, taken, text
from kiln.arm_template.of_scope import LAZY, SPECIAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.arm_template.place import Place

AT_DEPLOYMENT = (
    *("reference", "list", "resourceinfo", "pickzones", "tological", "tophysical", "providers"),
    *("deployer", "tenant", "managementgroup", "getsecret", "externalinput"),
)
"""The beginnings of the names of functions whose values are known only to a deployment."""
_TAKES_LAMBDA = {function.name.lower() for function in OF_LAMBDAS}


class Lazy:
    """Named values, each evaluated when it is first used. `path` is where they are in the file."""

    def __init__(self, kind: str, make: dict[str, Callable[[], Any]], path: Path | None = None) -> None:
        self._kind = kind
        self._make = make
        self._path = path
        self._values: dict[str, Any] = {}
        self._going: set[str] = set()

    def value(self, name: str) -> Any:
        """Return a value by its name, in any case.

        Raises `ExpressionInvalid` for an unknown name, a cycle, or a value that cannot be had; that has its path.
        """
        key = found(name, self._make)
        if key is None:
            raise ExpressionInvalid(f"there is no {self._kind} {name!r}")
        if key not in self._values:
            if key in self._going:
                raise ExpressionInvalid(f"the {self._kind} {key!r} depends on itself")
            self._going.add(key)
            try:
                self._values[key] = self._make[key]()
            except ExpressionInvalid as error:
                if error.at is None and self._path is not None:
                    error.at = (*self._path, key)
                raise
            finally:
                self._going.discard(key)
        return self._values[key]


@dataclass(frozen=True)
class Scope:
    """The names that expressions of one template can use: parameters, variables, its own functions and loops."""

    place: Place
    parameters: Lazy
    variables: Lazy
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """The template's own functions, by `namespace.name` in lower case."""
    loops: dict[str, int] = field(default_factory=dict)
    loop: str | None = None
    """The name of the innermost loop, which `copyIndex()` without a name refers to."""
    lambdas: dict[str, Any] = field(default_factory=dict)
    """The variables of the lambdas around, by their names in lower case."""
    work: Work = field(default_factory=Work)
    deployed: Callable[[str], Any] = lambda _: None
    """Returns what `reference()` of a deployment in the file has, by its symbolic name, name or id, or None."""

    def in_loop(self, name: str, index: int) -> Scope:
        """Return the scope within one turn of a loop."""
        self.work.step()
        return replace(self, loops={**self.loops, name.lower(): index}, loop=name.lower())

    def resolved(self, value: Any) -> Any:
        """Return a JSON value with every expression in it replaced by its value."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.resolved(item) for item in value]
            case dict():
                return {self.name(name): self.resolved(item) for name, item in value.items()}
            case _:
                return value

    def name(self, value: str) -> str:
        """Return a property's name, which may be an expression of a string. Raises `ExpressionInvalid`."""
        return text(self.text(value))

    def text(self, value: str) -> Any:
        """Return the value of the expression in a string, or the string itself if it has none."""
        if not expressions.is_expression(value):
            return expressions.plain(value)
        found = self.value(expressions.parse(value))
        self.work.weigh(found)
        return found

    def value(self, node: Expression) -> Any:
        """Return the value of an expression. Raises `ExpressionInvalid`, `KnownAtDeployment`, `TooMuchWork`."""
        self.work.step()
        match node:
            case Literal():
                return node.value
            case Access():
                return taken(self.value(node.of), self.value(node.key), safe=node.safe)
            case Call():
                return self._called(node)

    def _called(self, call: Call) -> Any:
        name = call.name.lower()
        if call.namespace:
            return self._own(call)
        if name in LAZY:
            return LAZY[name](self, call)
        arguments = [self._argument(argument, name) for argument in call.arguments]
        if name in SPECIAL:
            least, most, special = SPECIAL[name]
            Function(call.name, least, most, special).check(arguments)
            return special(self, *arguments)
        function = FUNCTIONS.get(name)
        if function is None:
            return self._at_deployment(call, name, arguments)
        for argument in arguments:
            self.work.weigh(argument, known=False)
        value = function(*arguments)
        self.work.weigh(value, known=False)
        return value

    def _at_deployment(self, call: Call, name: str, arguments: list[Any]) -> Any:
        """Return what `reference()` has of a deployment in the file. Raises `ExpressionInvalid` for anything else."""
        if name.startswith("reference") and arguments and isinstance(arguments[0], str):
            deployed = self.deployed(arguments[0])
            if deployed is not None:
                return deployed
        if name.startswith(AT_DEPLOYMENT):
            raise KnownAtDeployment(f"the value of {call.name}() is known only to a deployment")
        raise ExpressionInvalid(f"there is no function {call.name}()")

    def _argument(self, node: Expression, function: str) -> Any:
        if function in _TAKES_LAMBDA and isinstance(node, Call) and node.name.lower() == "lambda":
            return self._lambda(node)
        return self.value(node)

    def _lambda(self, call: Call) -> Lambda:
        if not call.arguments:
            raise ExpressionInvalid("lambda() takes 1 or more arguments, here it has 0")
        names = [text(self.value(name)).lower() for name in call.arguments[:-1]]

        def of(*values: Any) -> Any:
            within = replace(self, lambdas={**self.lambdas, **dict(zip(names, values, strict=True))})
            return within.value(call.arguments[-1])

        return Lambda(len(names), of)

    def _own(self, call: Call) -> Any:
        function = self.functions.get(f"{call.namespace}.{call.name}".lower())
        if function is None:
            raise ExpressionInvalid(f"the template has no function {call.namespace}.{call.name}()")
        return function(*(self.value(argument) for argument in call.arguments))
