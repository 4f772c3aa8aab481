"""What is loaded is put in order once: left out of the search for rubbish, in large pages where the kernel has some."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys

import pytest

from edgepos import loading

SETTLED = """
from edgepos import loading
kept = [[number, str(number)] for number in range(100_000)]
loading.begin()
loading.settle()
assert all(one == [number, str(number)] for number, one in enumerate(kept))
import gc
assert gc.isenabled() and gc.get_freeze_count() > 100_000
print("settled")
"""


def test_nothing_that_was_loaded_is_another_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("settled\n", "")


UNDER_THE_UNITS_RULE = """
import ctypes, os, sys
PR_SET_MDWE, REFUSE = 65, 1
refused = ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1], str(refused)])
"""
SETTLED_THERE = """
import mmap, sys
from edgepos import loading
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError:
    print("refused")
loading._enlarge()
print("enlarged")
"""


def test_it_needs_no_memory_that_can_be_written_and_run() -> None:
    """`MemoryDenyWriteExecute=yes` of the units."""
    command = [sys.executable, "-c", UNDER_THE_UNITS_RULE, SETTLED_THERE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "refused" not in done.stdout:
        pytest.skip("this kernel has no such rule")
    assert (done.stdout, done.stderr) == ("refused\nenlarged\n", "")


def test_only_whole_large_pages_of_its_own_memory_are_asked_for() -> None:
    kept = bytearray(8 * loading.LARGE)
    stretches = list(loading._whole_pages())
    assert all(begin % loading.LARGE == length % loading.LARGE == 0 < length for begin, length in stretches)
    begin = ctypes.addressof((ctypes.c_char * len(kept)).from_buffer(kept))
    assert any(first <= begin + loading.LARGE < first + length for first, length in stretches)
    code = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p).value or 0
    assert not any(first <= code < first + length for first, length in stretches), "files are the kernel's"


@pytest.mark.parametrize(
    "missing", [OSError("no /proc"), AttributeError("malloc_trim"), ImportError("ctypes"), MemoryError("W^X")]
)
def test_where_that_cannot_be_it_goes_on_as_it_was(monkeypatch: pytest.MonkeyPatch, missing: Exception) -> None:
    def refuse() -> None:
        raise missing

    monkeypatch.setattr(loading, "_enlarge", refuse)
    try:
        loading.settle()
        assert gc.isenabled()
    finally:
        gc.unfreeze()
