"""The agent: the loops that join journal, terminals and practice system, and the local API in front of them."""
