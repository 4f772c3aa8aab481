"""What is done in this very process, because no agent runs, or none is needed: reading a copy, putting one back.

Only these commands load what the agent is made of, and only when they run.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from edgepos.client import AgentError


def here(job: Callable[[ModuleType], Any]) -> Any:
    """What *job* gives of `edgepos.agent.maintenance`. Raises its refusals as an agent's."""
    from edgepos.agent import maintenance
    from edgepos.client.values import EdgeposError

    try:
        return job(maintenance)
    except EdgeposError as error:
        raise AgentError.of(error.code, **error.facts) from None
    except PermissionError as error:
        raise AgentError.of("not-allowed", path=error.filename) from None
