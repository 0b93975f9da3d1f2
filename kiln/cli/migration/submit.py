"""Submit templates of AIB's, and their triggers, to Kiln: under the ids that they have in Azure, several at once."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from kiln.cli.api import Api
from kiln.cli.faults import Failure, Refused
from kiln.cli.follow import Seen, follow
from kiln.cli.migration.files import Outcome
from kiln.parallel import run_each
from kiln.redact import hide_in_url
from kiln.template.parse import without_read_only
from kiln.template.signed_urls import urls, with_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kiln.cli.migration.found import Found
    from kiln.cli.session import Session
    from kiln.ids import TemplateId

AT_ONCE = 4
SECONDS = 1800.0
"""The most time for one template, in seconds: Kiln fetches all its scripts and files."""


def submit_all(
    session: Session, found: Sequence[Found], tell: Callable[[Outcome], None], *, force: bool
) -> list[Outcome]:
    """Submit each template that is whole, tell the outcome of each as it is known, and return all outcomes.

    Raises the `Failure` of an API that cannot be reached, or does not know the caller, before anything is sent.
    """
    whole = [each for each in found if each.is_whole]
    _check_api(session, whole)

    def one(template: Found) -> Outcome:
        try:
            outcome = _submit(session, template, force=force)
        except Failure as failure:
            outcome = _missed(template, _why(failure))
        tell(outcome)
        return outcome

    attempts = run_each(whole, one, at_once=AT_ONCE, seconds=SECONDS)
    outcomes = []
    for attempt in attempts:
        outcome = attempt.result or _missed(attempt.item, str(attempt.fault))
        outcomes.append(outcome)
        if attempt.result is None:
            tell(outcome)
    return outcomes


def _check_api(session: Session, found: Sequence[Found]) -> None:
    """Ask for the first template, so that what would be wrong with every one of them is told once. Raises `Failure`."""
    first = next((each.template for each in found), None)
    if first is None:
        return
    with Api(_in_its_group(session, first)) as api:
        try:
            _existing(api, first.name)
        except Refused as refused:
            if refused.status == HTTPStatus.UNAUTHORIZED or refused.detail is None:
                raise


def _missed(found: Found, why: str) -> Outcome:
    return Outcome("not submitted", found.name, f": {why}", taken=False)


def _submit(session: Session, found: Found, *, force: bool) -> Outcome:
    """Submit one template and put its triggers. Raises `Failure`."""
    template, body = found.template, found.body
    if template is None or body is None:
        raise Failure("it has no id or no body.")
    with Api(_in_its_group(session, template)) as api:
        word = "submitted"
        existing = _existing(api, template.name)
        if existing is not None and existing == (body if force else _as_shown(body)):
            word = "unchanged"
        elif existing is not None and not force:
            raise Failure("Kiln has another template with that name; --force replaces it.")
        else:
            _follow(session, api, template.name, body)
        for trigger in found.triggers:
            api.put_trigger(template.name, trigger.name, trigger.body)
    triggers = ", ".join(trigger.name for trigger in found.triggers)
    return Outcome(word, template.name, f", with its trigger {triggers}" if triggers else "")


def _in_its_group(session: Session, template: TemplateId) -> Session:
    settings = replace(session.settings, subscription=template.subscription, resource_group=template.group)
    return replace(session, settings=settings)


def _existing(api: Api, name: str) -> Any:
    """Return the body of the template that Kiln has under a name; None if it has none."""
    try:
        return without_read_only(api.template(name))
    except Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND and refused.detail is not None:
            return None
        raise


def _as_shown(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as Kiln shows it, without the secrets in its URLs."""
    return with_urls(body, {path: hide_in_url(url) for path, url in urls(body) if hide_in_url(url) != url})


def _follow(session: Session, api: Api, name: str, body: dict[str, Any]) -> None:
    """Submit a template, and wait until its submission is over. Raises `Failure` if it failed."""
    last = api.submit(name, body)
    first = [last]
    for event in follow(lambda: first.pop() if first else api.template_view(name), session.environment.sleep):
        if isinstance(event, Seen):
            last = event.found
    if last.provisioning_state == "Failed":
        error = last.provisioning_error
        raise Failure(f"{error.provisioning_error_code}: {error.message}" if error else "its submission failed")


def _why(failure: Failure) -> str:
    detail = failure.detail
    return f"{detail.code}: {detail.message}" if detail else failure.message
