"""Money, operations and their states, evidence, terminal health, closings, the match: values and rules.

Nothing here does I/O, reads a clock, draws a random number or awaits; nothing here imports the rest of edgepos.
"""
