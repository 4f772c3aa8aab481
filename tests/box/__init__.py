"""The package on a machine of its own: built, booted under emulation, its power pulled."""
