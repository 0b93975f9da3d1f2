"""The type of secrets: a text that cannot be printed, serialized or pickled, and whose comparison reveals nothing.

Code that needs the text itself calls `reveal`, as close as possible to where the text leaves Kiln.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, Self, final

from pydantic import PlainSerializer
from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

SHOWN: Final = "Secret('**********')"


@final
class Secret:
    """A secret text. As a field of a pydantic model it is read from a text, and dumping the model raises."""

    __slots__ = ("_text",)
    __hash__ = None  # type: ignore[assignment]  # a hash would be a fingerprint, and a key of a dict is soon printed

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(SHOWN, spec)

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        """Compare with another secret, in a time that does not depend on where they differ."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a secret is not pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda given, text: given if isinstance(given, Secret) else Secret(text(given)),
            handler(str),
            serialization=core_schema.plain_serializer_function_ser_schema(_refuse),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core_schema.str_schema()), "format": "password", "writeOnly": True}


def _refuse(_: Secret) -> NoReturn:
    raise TypeError("a secret is not serialised")


KeptSecret = Annotated[Secret, PlainSerializer(Secret.reveal, return_type=str)]
"""A secret that its document stores as plain text, because that document is the one place where the secret is kept."""
