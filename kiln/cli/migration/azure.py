"""Client of Azure Resource Manager for AIB's own templates and triggers, by azure-mgmt-imagebuilder.

It owns paging and the wording of Azure's refusals; it knows neither screens nor what becomes of the templates.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from kiln.cli.connect import connect
from kiln.cli.explain import arm_error, connection_failure
from kiln.cli.faults import Failure, Refused
from kiln.cli.settings import Settings, environment
from kiln.cli.trust import trust_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from kiln.cli.session import Session
    from kiln.ids import TemplateId

ARM_ENDPOINT = "https://management.azure.com"
ARM_TOKEN = "KILN_ARM_TOKEN"  # noqa: S105 - the name of a variable
"""The variable for an access token for Azure Resource Manager."""
MOST_PAGES = 1000


@dataclass(frozen=True)
class Where:
    """The templates that are read: those of a subscription, or of one of its resource groups, or one by its id."""

    subscription: str
    group: str | None = None
    template: TemplateId | None = None

    def __str__(self) -> str:
        """Return it for a person."""
        if self.template is not None:
            return self.template.arm
        inside = f"resource group {self.group} of " if self.group else ""
        return f"{inside}subscription {self.subscription}"


def arm_settings(session: Session, endpoint: str, scope: str | None, subscription: str) -> Settings:
    """Return the settings of a connection to Azure Resource Manager. Raises `UsageFailure` for what is no URL."""
    endpoint = endpoint.rstrip("/")
    return Settings(
        endpoint=endpoint,
        subscription=subscription,
        resource_group="",
        scope=scope or f"{endpoint}/.default",
        trust=session.settings.trust,
        token=environment().get(ARM_TOKEN) or None,
    )


class AzureTemplates:
    """The templates in Azure, as they are there, without anything lost. Every method raises `Failure` alone.

    One may be used by several threads.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self._settings = settings
        self._client = connect(settings, session.environment)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def read(self, where: Where) -> list[Any]:
        """Return the templates, in Azure's order; what is no object there comes as it is."""
        templates, one = self._client.virtual_machine_image_templates, where.template
        with self._failures(str(where)):
            if one is not None:
                return [templates.get(one.group, one.name).as_dict()]
            listed = templates.list_by_resource_group(where.group) if where.group else templates.list()
            return list(self._items(listed.by_page()))

    def triggers(self, template: TemplateId) -> list[Any]:
        """Return the triggers of a template."""
        with self._failures(f"the triggers of {template.name}"):
            listed = self._client.triggers.list_by_image_template(template.group, template.name)
            return list(self._items(listed.by_page()))

    def _items(self, pages: Iterator[Iterable[Any]]) -> Iterator[Any]:
        """Yield the items of all pages. Raises `Failure` for a next page on another server, which gets no token."""
        seen: set[str] = set()
        for page in pages:
            yield from (item.as_dict() if hasattr(item, "as_dict") else item for item in page)
            following = getattr(pages, "continuation_token", None)
            if not following:
                return
            if urlsplit(following).netloc.lower() != urlsplit(self._settings.endpoint).netloc.lower():
                raise Failure(f"{self._settings.endpoint} names a next page of its list on another server.")
            if following in seen or len(seen) >= MOST_PAGES:
                raise Failure(f"{self._settings.endpoint} sends a list of templates that does not end.")
            seen.add(following)

    @contextmanager
    def _failures(self, what: str) -> Iterator[None]:
        try:
            yield
        except AzureError as error:
            raise _failure(error, self._settings, what) from error
        except (
            AttributeError,
            KeyError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:  # of an answer without a list
            raise Failure(f"{self._settings.endpoint} answered something unexpected for {what}: {error}") from error


def _failure(error: AzureError, settings: Settings, what: str) -> Failure:
    """Return the failure for an exception that azure-core raised in a call to Azure Resource Manager."""
    match error:
        case ServiceRequestError() | ServiceResponseError():
            hint = "Name Azure Resource Manager's address with --arm-endpoint (KILN_ARM_ENDPOINT)."
            return connection_failure(error, settings.endpoint, trust_in(settings.endpoint, settings.trust), hint=hint)
        case HttpResponseError() if error.response is not None:
            status = int(error.response.status_code or 0)
            detail = arm_error(error.response.text())
            message = f"{settings.endpoint} refused to show {what}, with status {status}."
            return Refused(message, status=status, detail=detail, hint=_hint(status, settings))
        case ClientAuthenticationError():
            why = f"You are not signed in to {settings.endpoint}: {error.message.splitlines()[0]}"
            return Failure(why, hint=_hint(HTTPStatus.UNAUTHORIZED, settings))
        case _:
            return Failure(f"{settings.endpoint}: {error}")


def _hint(status: int, settings: Settings) -> str | None:
    match status:
        case HTTPStatus.UNAUTHORIZED if not settings.is_encrypted:
            return "Over plain http no token is ever sent. Name an https address with --arm-endpoint."
        case HTTPStatus.UNAUTHORIZED:
            return f"Sign in with `az login`, or put an access token for Azure Resource Manager into {ARM_TOKEN}."
        case HTTPStatus.FORBIDDEN:
            return "To read templates you need the role Reader there."
        case HTTPStatus.NOT_FOUND:
            return "Look at the subscription, the resource group and the name; `az account list` has the subscriptions."
        case _:
            return None
