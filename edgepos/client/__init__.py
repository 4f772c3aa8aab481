"""What screens and commands use to speak with the agent, and nothing else of edgepos that they need.

    paths     where the agent's socket is, and when a client may start an agent of its own
    http      one question, one answer, blocking: for commands
    events    the stream of events, blocking: for commands
    aio       both, for the screen's event loop
    start     an agent of one's own, on a laptop
    values    amounts as people type them

Short commands import this package at each start: it stays with the standard library, and each module imports only what
it needs. A client decides nothing about money and keeps no truth.
"""

from edgepos.client.http import Agent, AgentError

__all__ = ["Agent", "AgentError"]
