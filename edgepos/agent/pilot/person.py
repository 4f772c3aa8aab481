"""The person at the terminal, or at the practice system's screen: asked for what no program can do or see."""

from __future__ import annotations

from typing import Protocol


class Person(Protocol):
    """*what* names the request for whoever answers in a person's place; the sentence is for people."""

    async def please(self, what: str, sentence: str) -> None:
        """Ask for something to be done; returns when the person says that it is."""

    async def answer(self, what: str, question: str) -> str:
        """A line; '' where the person cannot say."""

    async def tell(self, sentence: str) -> None:
        """Say how far it is."""
