"""The small texts that a plan's tree is made of."""

from __future__ import annotations

from rich.text import Text


def head(name: str, rest: str = "") -> Text:
    """Return a node's title, with what is to be said of it."""
    text = Text(name, style="bold")
    return text.append(f"  {rest}", style="default not bold") if rest else text


def count(number: int, noun: str) -> str:
    """Return `number` of `noun`: `1 step`, `2 steps`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def told(url: str) -> str:
    """Return a plan's URL, which has no secret any more, as words where nothing is left of it."""
    return "(in the template itself)" if url == "data:" else url
