"""Bodies into templates: one call that returns an `ImageTemplate` or raises every problem at once.

It owns the wording and the paths of problems; the rules themselves stand with the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kiln.errors import Problem, TemplateInvalid
from kiln.template.models import ImageTemplate

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

READ_ONLY = ("id", "name", "type", "apiVersion", "systemData")
READ_ONLY_PROPERTIES = (
    "provisioningState",
    "provisioningError",
    "lastRunStatus",
    "exactStagingResourceGroup",
)
RULES = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"


def parse_template(body: Any) -> ImageTemplate:
    """Return the template that `body` (decoded JSON) describes.

    Read-only members that clients echo back (`id`, `provisioningState`, ...) are ignored, as ARM does.
    Raises `TemplateInvalid` with one `Problem` for each broken rule.
    """
    if not isinstance(body, dict):
        problem = Problem(path="$", message=f"expected a JSON object, got {_kind(body)}", source=RULES)
        raise TemplateInvalid((problem,))
    content = without_read_only(body)
    try:
        return ImageTemplate.model_validate(content, by_name=False, by_alias=True)
    except ValidationError as error:
        problems = tuple(_problem(item) for item in error.errors(include_url=False))
        raise TemplateInvalid(problems) from error


def without_read_only(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` without the members that only the service may set."""
    content = {key: value for key, value in body.items() if key not in READ_ONLY}
    if isinstance(content.get("properties"), dict):
        content["properties"] = {
            key: value for key, value in content["properties"].items() if key not in READ_ONLY_PROPERTIES
        }
    return content


def _problem(item: ErrorDetails) -> Problem:
    return Problem(path=_path(item), message=_message(item), source=RULES)


def _path(item: ErrorDetails) -> str:
    """Return ARM's form of pydantic's location, without the tag that a discriminated union adds to it."""
    path = ""
    previous_is_index = False
    for part in item["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
            previous_is_index = True
            continue
        if previous_is_index and part in {"Shell", "File", "SharedImage", "VHD"}:
            previous_is_index = False
            continue
        previous_is_index = False
        path += f".{part}" if path else part
    return path or "$"


def _message(item: ErrorDetails) -> str:
    match item["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return f"is not a property of the template language (names are case-sensitive); got {_kind(item['input'])}"
        case "union_tag_invalid":
            context = item.get("ctx", {})
            return f"expected type to be one of {context.get('expected_tags')}, got {context.get('tag')!r}"
        case "union_tag_not_found":
            return "expected an object with a type"
        case "value_error":
            return str(item.get("ctx", {}).get("error", item["msg"]))
        case _:
            text = item["msg"].replace("tuple", "list")
            return f"{text[0].lower()}{text[1:]}, got {_kind(item['input'])}"


def _kind(value: Any) -> str:
    """Name a JSON value's kind without repeating its content, which may be secret or huge."""
    names = {dict: "an object", list: "a list", tuple: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)
