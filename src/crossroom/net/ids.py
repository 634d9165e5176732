"""Unguessable identifiers for everything above: the only module that asks the system for random bits.

RFC 3261 §19.3 wants at least 32 random bits in a tag; every token here carries 80.
"""

import secrets
from random import Random
from typing import Protocol


class Ids(Protocol):
    """Where identifiers come from: the system in production, a seed in tests."""

    def token(self) -> str:
        """A fresh unguessable token: lower-case letters and digits, starting with a letter."""


class RandomIds:
    """Tokens from the system's random source."""

    def token(self) -> str:
        """See `Ids.token`."""
        return "c" + secrets.token_hex(10)


class SeededIds:
    """The same tokens in every run: for simulations and tests only."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a seeded source is the point; production uses RandomIds

    def token(self) -> str:
        """See `Ids.token`."""
        return f"c{self._random.getrandbits(80):020x}"
