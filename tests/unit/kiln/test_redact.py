from __future__ import annotations

import io
import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.errors import AzureFailed, ErrorDetail
from kiln.redact import HIDDEN, RedactedRecord, hide_in_url, is_hidden, redact, redact_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIG = "c2VjcmV0LWNhbmFyeS1zaWduYXR1cmU%3D"
RAW = "+/ab/cd+efGHIJKLMNOPqrstuvwxyz01234567/+ABC="
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhcGk6Ly9raWxuIn0.c2lnbmF0dXJl"
SAS = f"https://acc.blob.core.windows.net/c/b.sh?sv=2024-11-04&se=2026-11-22T10%3A00%3A00Z&sp=r&sig={SIG}"
SHOWN = SAS.replace(SIG, HIDDEN)
LOGIN, LOGIN_SHOWN = "https://me:w@h/a?token=1", f"https://{HIDDEN}@h/a?token={HIDDEN}"
WITHIN, WITHIN_SHOWN = f"https://q/?to={quote(SAS)}&y=2", f"https://q/?to={quote(SHOWN, safe='')}&y=2"


@pytest.mark.parametrize(
    "text",
    [
        f"The remote server said no to {SAS}.",
        f"HTTPSConnectionPool: Max retries exceeded with url: /c/b.sh?sp=r&sig={SIG} (Caused by ...)",
        f'{{"source": "{SAS}"}}',
        f"{SAS.replace('&', '&amp;')}",
        SAS.replace("&", "\\u0026"),
        f"sig={SIG}",
        f"POST /runtime/webhooks/eventgrid?functionName=f&code={SIG} failed",
        f"https://host/file?X-Amz-Signature={SIG}&X-Amz-Expires=60",
        f"Authorization: Bearer {SIG}{SIG}",
        f"{{'Authorization': 'Bearer {JWT}'}}",
        f"token {JWT} is expired",
        f"Authorization: SharedKey acc:{SIG}",
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={SIG};EndpointSuffix=core.windows.net",
        f"Endpoint=sb://a/;SharedAccessKey={SIG}",
        f"client_secret={SIG}&grant_type=x",
        f'{{"access_token": "{SIG}", "expires_in": 3600}}',
        f"git clone https://me:{SIG}@example.com/a.git",
        f"GET https://login.example.com/?return={quote(SAS, safe='')}&x=1",
        f"GET https://login.example.com/?return={quote(quote(SAS))}",
    ],
)
def test_what_looks_like_a_secret_is_replaced(text: str) -> None:
    public = redact(text)
    assert HIDDEN in public
    assert unquote(SIG) not in unquote(unquote(unquote(public)))
    assert JWT not in public
    assert redact(public) == public


@pytest.mark.parametrize("coded", [quote(RAW), quote(RAW, safe=""), RAW], ids=["by Azure's SDK", "whole", "not"])
@pytest.mark.parametrize("slash", ["/", "\\/", "\\u002F"])
@pytest.mark.parametrize("plus", ["+", "\\u002B", "\\u002b"])
@pytest.mark.parametrize(
    "before", ["https://a/b?sv=1&", "https://a/b?sv=1\\u0026", "https://a/b?", "AuthenticationFailed: "]
)
def test_a_signature_with_signs_that_urls_and_json_write_in_many_ways_is_replaced_whole(
    coded: str, slash: str, plus: str, before: str
) -> None:
    text = f"{before}sig={coded}".replace("/", slash).replace("+", plus)
    public = redact(f'{{"url": "{text}"}}')
    assert public == f'{{"url": "{text[: text.index("sig=")]}sig={HIDDEN}"}}'


@pytest.mark.parametrize(
    "text",
    [
        "Customizer 'install' ended with exit code=100.",
        "A Bearer token is required.",
        "https://acc.blob.core.windows.net/c/b.sh?sv=2024-11-04&sp=r",
        "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Compute/images/a: QuotaExceeded",
        "key=value; a monkey; mailto:me@example.com; 12:30:45@noon",
        "https://host:8443/path",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text(alphabet="?&;=sigAccountKeyBearer:/@ .-%\"'", max_size=300))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("piece", ["?", "?a", "&sig", "sig=a", "://a:", "eyJaaaaaaaa.", "Bearer ", '"secret":'])
def test_a_huge_text_takes_no_long_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    before = time.process_time()
    redact(text)
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (SAS, SAS.replace(SIG, HIDDEN)),
        ("https://me:word@host:8/a?b=1#c", f"https://{HIDDEN}@host:8/a?b=1#c"),
        ("https://host/a?token=1&raw&b=", f"https://host/a?token={HIDDEN}&raw&b="),
        ("https://host/a?access_token=1;2", f"https://host/a?access_token={HIDDEN}"),
        ("https://host/a?SIG=1", f"https://host/a?SIG={HIDDEN}"),
        ("https://host/a", "https://host/a"),
        ("https://host/a?sig=", "https://host/a?sig="),
        ("data:text/plain,echo?sig=1", "data:text/plain,echo?sig=1"),
        ("https://[", "https://["),
        ("https://host/a?", "https://host/a?"),
        ("https://host/a?%73ig=1", f"https://host/a?%73ig={HIDDEN}"),
        (f"https://p/?url={quote(SAS, safe='')}&x=1", f"https://p/?url={quote(SHOWN, safe='')}&x=1"),
        (f"https://p/?url={quote(SAS, safe=':/')}", f"https://p/?url={quote(SHOWN, safe='')}"),
        (f"https://p/?url={quote(quote(SAS))}", f"https://p/?url={quote(quote(SHOWN, safe=''), safe='')}"),
        (f"https://p/?url=https://a/b?sig={SIG}", f"https://p/?url=https://a/b?sig={HIDDEN}"),
        (f"https://p/?url={quote(LOGIN)}", f"https://p/?url={quote(LOGIN_SHOWN, safe='')}"),
        (f"https://p/?url={quote(WITHIN)}", f"https://p/?url={quote(WITHIN_SHOWN, safe='')}"),
        (
            f"https://p/?url={quote('https://a/b?token=1%232%263')}",
            f"https://p/?url={quote(f'https://a/b?token={HIDDEN}', safe='')}",
        ),
        ("https://p/?url=https%3a%2f%2Fa%2Fb%3Fx%3d1", "https://p/?url=https%3a%2f%2Fa%2Fb%3Fx%3d1"),
        ("https://p/?url=https%3A%2F%2Fa%3F", "https://p/?url=https%3A%2F%2Fa%3F"),
        ("https://p/?q=100%25&r=%zz&s=%FF", "https://p/?q=100%25&r=%zz&s=%FF"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert hide_in_url(url) == shown
    assert hide_in_url(shown) == shown
    assert is_hidden(shown) is (shown != url)
    assert not is_hidden(url)


def nested(url: str) -> str:
    return f"https://p/?to={quote(url, safe='')}"


@pytest.mark.parametrize("times", range(1, 13))
@pytest.mark.parametrize("nest", [quote, nested])
def test_a_secret_is_found_however_deep_its_url_is(times: int, nest: Callable[[str], str]) -> None:
    inner = SAS
    for _ in range(times):
        inner = nest(inner)
    url = f"https://p/fetch?url={inner}"

    shown = hide_in_url(url)

    assert unquote(SIG) not in wholly_decoded(shown)
    assert hide_in_url(shown) == shown
    assert is_hidden(shown)
    assert not is_hidden(url)


def wholly_decoded(text: str) -> str:
    while (decoded := unquote(text)) != text:
        text = decoded
    return text


@given(st.text(alphabet="htps:/?&=%253AFsigtoken@#;aZ", max_size=200))
def test_hiding_twice_is_hiding_once_and_what_has_nothing_to_hide_stays(text: str) -> None:
    url = f"https://p/?url={text}"
    shown = hide_in_url(url)
    assert hide_in_url(shown) == shown
    assert is_hidden(shown) is (shown != url)


@pytest.mark.parametrize("piece", ["%25", "25", "https://a?b=", "https%3A%2F%2Fa%3Fb%3D", "&a=%2541", "%2525sig%253D"])
def test_hiding_in_a_huge_url_takes_no_long_time(piece: str) -> None:
    url = "https://p/?url=%" + piece * (200_000 // len(piece))
    before = time.process_time()
    is_hidden(hide_in_url(url))
    assert time.process_time() - before < 2


def test_no_error_has_a_secret() -> None:
    error = AzureFailed("copy it", azure_code="Bad", azure_message=f"cannot read {SAS}", hint=f"look at {SAS}")
    detail = ErrorDetail(code="x", message=SAS, target=SAS, hint=SAS)
    assert SIG not in str(error) + error.detail.model_dump_json() + detail.model_dump_json()
    assert HIDDEN in str(error)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The lines of the logger `redacted`, from a handler with a formatter of its own."""
    before, stream = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("redacted")
    logger.propagate = False
    logger.addHandler(handler)
    redact_logs()
    redact_logs()
    yield stream
    logger.removeHandler(handler)
    logging.setLogRecordFactory(before)


def test_no_log_line_has_a_secret(logged: io.StringIO) -> None:
    assert logging.getLogRecordFactory() is RedactedRecord
    logging.getLogger("redacted").warning("cannot read %s", SAS)
    assert logged.getvalue() == f"WARNING cannot read {SAS.replace(SIG, HIDDEN)}\n"


def test_no_logged_exception_has_a_secret(logged: io.StringIO) -> None:
    def fail() -> None:
        try:
            int(SAS)
        except ValueError as cause:
            raise RuntimeError("gave up") from cause

    try:
        fail()
    except RuntimeError:
        logging.getLogger("redacted").exception("failed")
    text = logged.getvalue()
    assert SIG not in text
    assert SAS.replace(SIG, HIDDEN) in text
    assert "RuntimeError: gave up" in text
