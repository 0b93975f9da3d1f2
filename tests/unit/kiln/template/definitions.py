"""Bodies as Microsoft's API definitions and as Kiln's models describe them, both as one flat table: facts by path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotated_types import Ge, Le, MinLen
from pydantic import StringConstraints
from pydantic.fields import FieldInfo

from kiln.template.base import Model, RequiredBefore, Since
from kiln.template.shape import Property, Shape, properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.specification.documents import Documents, Node

Facts = dict[str, Any]
INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}


class Microsofts:
    """A definition of one api-version, with `allOf` and discriminators resolved and read-only properties apart."""

    def __init__(self, documents: Documents, root: Node) -> None:
        self.documents = documents
        self.read_only: dict[str, set[str]] = {}
        self._subtypes = dict(self._members(root.file))
        self.facts: dict[str, Facts] = {}
        self._object(self.documents.at(f"{root.file}#/definitions/{root.content['name']}"), "")

    def _members(self, file: Any) -> Iterator[tuple[str, dict[str, Node]]]:
        definitions = self.documents.read(file)["definitions"]
        for name, definition in definitions.items():
            if "discriminator" in definition:
                reference = f"#/definitions/{name}"
                members = {
                    content["x-ms-discriminator-value"]: self.documents.at(f"{file}#/definitions/{other}")
                    for other, content in definitions.items()
                    if {"$ref": reference} in content.get("allOf", [])
                }
                yield self.documents.address(reference, file), members

    def _object(self, node: Node, path: str, discriminator: str = "") -> None:
        required, found = self._merged(node)
        for name, part in found.items():
            place = f"{path}.{name}" if path else name
            if part.content.get("readOnly"):
                self.read_only.setdefault(path, set()).add(name)
            elif name != discriminator:
                self._value(part, place, required=name in required)

    def _merged(self, node: Node) -> tuple[set[str], dict[str, Node]]:
        required = set(node.content.get("required", []))
        found = {name: node.part(part) for name, part in node.content.get("properties", {}).items()}
        for base in node.content.get("allOf", []):
            more, inherited = self._merged(self.documents.follow(node.part(base)))
            required |= more
            found = inherited | found
        return required, found

    def _value(self, node: Node, path: str, *, required: bool) -> None:
        address = self.documents.address(node.content["$ref"], node.file) if "$ref" in node.content else ""
        target = self.documents.follow(node)
        content = target.content
        members = self._subtypes.get(address)
        facts: Facts = {"required": required, "kind": content.get("type", "object")}
        if members:
            facts["members"] = set(members)
            for tag, member in members.items():
                self._object(member, f"{path}[{tag}]", content["discriminator"])
        elif "additionalProperties" in content:
            facts["kind"] = "map"
            self._value(target.part(content["additionalProperties"]), f"{path}.*", required=False)
        elif facts["kind"] == "object":
            self._object(target, path)
        elif facts["kind"] == "array":
            self._value(target.part(content["items"]), f"{path}[]", required=False)
        else:
            facts |= _written_limits(content)
        self.facts[path] = facts


def _written_limits(content: dict[str, Any]) -> Facts:
    facts = dict(INT32) if content["type"] == "integer" else {}  # the older definitions leave the format out
    facts |= {name: content[name] for name in ("minimum", "maximum", "pattern") if name in content}
    return facts | ({"enum": set(content["enum"])} if "enum" in content else {})


class Kilns:
    """A model as it is at one api-version."""

    def __init__(self, model: type[Model], api_version: str) -> None:
        self.api_version = api_version
        self.read_only: dict[str, set[str]] = {}
        self.facts: dict[str, Facts] = {}
        self._object(model, "")

    def _object(self, model: type[Model], path: str, discriminator: str = "") -> None:
        self.read_only[path] = set(model.read_only)
        for known in properties(model).values():
            place = f"{path}.{known.name}" if path else known.name
            if known.name != discriminator and self._knows(known.shape):
                self._value(known.shape, place, required=self._required(known))

    def _knows(self, shape: Shape) -> bool:
        return all(
            since.value is not None or since.api_version is None or since.api_version <= self.api_version
            for since in shape.marked(Since)
        )

    def _required(self, known: Property) -> bool:
        due = known.shape.mark(RequiredBefore)
        return known.required or (due is not None and self.api_version < due.api_version)

    def _value(self, shape: Shape, path: str, *, required: bool) -> None:
        facts: Facts = {"required": required}
        if shape.members:
            members = {
                tag: member
                for tag, member in shape.members.items()
                if self._knows(properties(member)[shape.discriminator].shape)
            }
            facts |= {"kind": "object", "members": set(members)}
            for tag, member in members.items():
                self._object(member, f"{path}[{tag}]", shape.discriminator)
        elif shape.model is not None:
            facts["kind"] = "object"
            self._object(shape.model, path)
        elif shape.value is not None:
            facts["kind"] = "map"
            self._value(shape.value, f"{path}.*", required=False)
        elif shape.item is not None:
            facts["kind"] = "array"
            self._value(shape.item, f"{path}[]", required=False)
        else:
            facts |= self._plain(shape)
        self.facts[path] = facts

    def _plain(self, shape: Shape) -> Facts:
        if shape.choices:
            return {"kind": "string", "enum": {choice for choice in shape.choices if self._has(shape, choice)}}
        if shape.plain is bool:
            return {"kind": "boolean"}
        return {"kind": "integer" if shape.plain is int else "string", **limits(shape)}

    def _has(self, shape: Shape, choice: str) -> bool:
        return not any(
            since.applies(choice) and since.api_version is not None and since.api_version > self.api_version
            for since in shape.marked(Since)
        )


def limits(shape: Shape) -> Facts:
    """Return the limits of a plain value; of several of a kind the last one is the narrowest."""
    facts: Facts = {}
    for mark in shape.marks:
        for limit in mark.metadata if isinstance(mark, FieldInfo) else [mark]:
            match limit:
                case Ge(ge=least):
                    facts["minimum"] = least
                case Le(le=most):
                    facts["maximum"] = most
                case MinLen(min_length=least) | StringConstraints(min_length=int(least)):
                    facts["minLength"] = least
                case StringConstraints(pattern=str(pattern)):
                    facts["pattern"] = pattern.replace("\\-", "-")
    return facts


def differences(ours: dict[str, Facts], theirs: dict[str, Facts]) -> set[tuple[str, str]]:
    """Return the differences of two tables, by path and fact; below a path that only one has, nothing more is told."""
    found = {(path, "only Microsoft") for path in theirs.keys() - ours.keys()}
    found |= {(path, "only Kiln") for path in ours.keys() - theirs.keys()}
    for path in ours.keys() & theirs.keys():
        names = ours[path].keys() | theirs[path].keys()
        found |= {(path, name) for name in names if ours[path].get(name) != theirs[path].get(name)}
    return found
