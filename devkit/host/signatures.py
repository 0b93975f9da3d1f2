"""The checks of a function's signature that the Python worker makes when it loads the function.

It owns the rules for parameters and annotations of a function with its bindings, by `Registry.add_indexed_function` of
azure-functions-runtime 1.3.0 (`azure_functions_runtime/functions.py`; the worker for Python 3.11 does the same); the
types that a binding takes are asked of azure-functions' own converters. It must not run the function.

A function that fails a check is refused, and on Azure all functions of its app with it: the worker's answer to
`worker_init_request` is then a failure.
"""

from __future__ import annotations

import collections.abc
import inspect
import typing
from typing import TYPE_CHECKING, Any

from devkit.host import sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RETURN = "$return"
_CONTEXT = "context"
# Types that the worker's `is_generic_type` does not count, though they can be subscripted.
_NO_GENERICS = (typing.Union, tuple, typing.ClassVar, collections.abc.Callable)


class SignatureError(Exception):
    """The worker would not load the function; the message says why, without the function's name."""


def check(code: Callable[..., Any], bindings: list[Any]) -> bool:
    """Check a function against its bindings (azure.functions decorators' objects); tell whether it wants a context.

    Raises SignatureError.
    """
    try:
        annotations = typing.get_type_hints(code)
    except Exception as error:
        # A name that is imported for type checkers alone is the common case.
        raise SignatureError(f"has annotations that cannot be read: {type(error).__name__}: {error}") from error
    bound = {binding.name: binding for binding in bindings if binding.name != RETURN}
    declared = set(inspect.signature(code).parameters)
    wants_context = _CONTEXT in declared and _CONTEXT not in bound
    if wants_context:
        _check_context(annotations)
        declared.remove(_CONTEXT)
    if extra := sorted(declared - set(bound)):
        raise SignatureError(f"has the parameters {extra}, which no binding names")
    if missing := sorted(set(bound) - declared):
        raise SignatureError(f"lacks the parameters {missing}, which its bindings name")
    for name, binding in bound.items():
        if name in annotations:
            _check_parameter(binding, annotations[name])
    for binding in bindings:
        if binding.name == RETURN:
            _check_return(binding, annotations)
    return wants_context


def _check_context(annotations: Mapping[str, Any]) -> None:
    given = annotations.get(_CONTEXT)
    if _CONTEXT in annotations and not (isinstance(given, type) and given.__name__ == "Context"):
        raise SignatureError(f"wants 'context' as {given!r}; it is an azure.functions.Context")


def _check_parameter(binding: Any, annotation: Any) -> None:
    where = f"takes '{binding.name}' as {annotation!r}"
    origin = (typing.get_origin(annotation) if _is_generic(annotation) else None) or annotation
    if isinstance(origin, type) and origin.__name__ == "Out":
        raise SignatureError(f"{where}, but its {binding.type} comes in")
    if not isinstance(annotation, type) and not _is_generic(annotation):
        raise SignatureError(f"{where}, which is no type to the worker: it knows neither X | Y nor list[X]")
    if annotation in (str, bytes) and not _has_implicit_output(binding.type):
        if binding.type != "durableClient":  # the durable decorators write `str` there themselves
            raise SignatureError(
                f"{where}: the worker then hands over what it got undecoded, which the local Functions host does not"
            )
        return
    if not _fits(binding, "check_input_type_annotation", annotation):
        raise SignatureError(f"{where}, which is no type of a {binding.type}")


def _check_return(binding: Any, annotations: Mapping[str, Any]) -> None:
    if "return" not in annotations:
        return
    annotation = annotations["return"]
    where = f"returns {annotation!r}"
    if not isinstance(annotation, type):
        raise SignatureError(f"{where}, which is no type to the worker: it knows neither X | Y nor list[X]")
    if not _fits(binding, "check_output_type_annotation", annotation):
        raise SignatureError(f"{where}, which is no type of a {binding.type}")


def _is_generic(annotation: Any) -> bool:
    """Whether it is a generic of `typing`, as the worker sees it: List[X] is, list[X], Union and Tuple are not."""
    if isinstance(annotation, type):
        return typing.Generic in annotation.__mro__
    # list[X] is a types.GenericAlias, which is none of typing's.
    is_typings = type(annotation).__module__ == "typing" and hasattr(annotation, "__origin__")
    return is_typings and annotation.__origin__ not in _NO_GENERICS


def _fits(binding: Any, question: str, annotation: Any) -> bool:
    """Ask the binding's converter, as the worker does; a type that it cannot even look at fails there, too."""
    try:
        return bool(getattr(sdk.converter(binding.type), question)(annotation))
    except TypeError:  # issubclass() of a generic
        return False


def _has_implicit_output(kind: str) -> bool:
    return bool(getattr(sdk.converter(kind), "has_implicit_output", lambda: False)())
