"""What people read: the sentence and the mend of each code, and their translations. Imports nothing of edgepos."""
