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


def short(url: str, longest: int = 60) -> str:
    """Return a URL in one piece, or its beginning where it carries its content; a query may be a signature."""
    bare, mark, _ = url.partition("?")
    shown = f"{bare}?..." if mark else bare
    return shown if len(shown) <= longest else f"{shown[: longest - 4]} ..."
