"""The command line: thin clients of the agent, one module for each group of commands.

`table` names them all; `dispatch` imports only the one that is asked for. A command asks, waits and prints; it decides
nothing about money and loads none of textual, httpx, pydantic. stdout is the answer, stderr the talk, and with `--json`
stdout is one document and nothing else.
"""
