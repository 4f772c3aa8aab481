"""What edgepos costs, each figure beside a floor or a peer that was measured in the same run.

It measures and fails on nothing: `docs/performance.md` says what each row means and which mark it is to reach. Run it
with `make bench`; everything lives in a temporary folder and on 127.0.0.1.
"""
