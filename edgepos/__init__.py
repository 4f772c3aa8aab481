"""edgepos: card payments between a veterinary clinic's terminals and its practice system."""

from __future__ import annotations

__version__ = "0.1.0"
