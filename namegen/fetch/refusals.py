"""Refusals: what an answer without the file means, and when it is worth asking again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from namegen.errors import FetchError, setting
from namegen.fetch.places import shown

TRY_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))  # what a server says when it may do better later


class TryAgainError(Exception):
    """It did not work, but may later. ``wait``: what the server asks for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class TooLargeError(Exception):
    """The file has more bytes than one that is looked for can have."""


class TimeIsUpError(Exception):
    """The deadline came first."""


def refusal(status: int, headers: Mapping[str, str], address: str) -> FetchError | TryAgainError:
    """What an answer other than success means, as an error to raise.

    Args:
        status: the number that the server answers with.
        headers: the head of the answer.
        address: what was asked for.

    >>> print(refusal(404, {}, "https://example.org/people.csv"))
    cannot read https://example.org/people.csv: the server answers 404; the file is not there: it may have moved, \
give its new place with url
    """
    answer = f"the server answers {status}"
    if status in TRY_AGAIN:
        return TryAgainError(answer, retry_after(headers.get("retry-after")))
    advice = {
        403: f"it refuses programs that do not say who asks: give your address with {setting('contact')}, or a local "
        f"file with {setting('url')}",
        404: f"the file is not there: it may have moved, give its new place with {setting('url')}",
    }.get(status, f"give another address with {setting('url')}")
    return FetchError(f"cannot read {shown(address)}: {answer}; {advice}")


def retry_after(value: str | None) -> float | None:
    """Seconds, from a number of them or a date (RFC 9110, section 10.2.3); None where the server says nothing clear.

    >>> retry_after("120"), retry_after("Thu, 01 Jan 1970 00:00:00 GMT"), retry_after("soon")
    (120.0, 0.0, None)
    """
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)  # of many digits: infinite
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):  # as many as there are ways to write no date
        return None
