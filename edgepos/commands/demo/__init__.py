"""`edgepos demo`: a whole clinic on throw-away state, with a person at the screen or as a scripted day.

The demo is the only part that knows both sides: it starts the simulator and the agent as processes of their own, plays
staff and cardholders, and at the end holds the three records against each other without asking the agent anything.
"""
