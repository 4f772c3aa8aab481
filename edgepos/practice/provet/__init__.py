"""The client of Provet Cloud, REST API 0.1: protocols/provet.md, and nothing that is not in it."""

from edgepos.practice.provet.client import Provet, Tenant
from edgepos.practice.provet.link import Link

__all__ = ["Link", "Provet", "Tenant"]
