"""The log: one line an event, fields by the list, nothing in it that may not leave the clinic."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from edgepos.agent import log as logs
from edgepos.clock import RealClock


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.set_up(RealClock(), {"JOURNAL_STREAM": "8:1"})
    yield text
    root.handlers[:] = before
    root.setLevel(level)


def lines(written: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line[3:]) for line in written.getvalue().splitlines()]


def test_a_line_has_its_priority_and_its_facts(written: io.StringIO) -> None:
    logs.logger("edgepos.agent.test").warning("outcome unknown", payment="E7K2M9Q4T1XA3", terminal="70000001")
    assert written.getvalue().startswith("<4>{")
    line = lines(written)[0]
    assert (line["level"], line["event"]) == ("warning", "outcome unknown")
    assert (line["payment"], line["terminal"]) == ("E7K2M9Q4T1XA3", "70000001")


def test_a_field_that_is_not_on_the_list_is_left_out_and_counted(written: io.StringIO) -> None:
    logs.logger("edgepos.x").info("paid", owner="Testsson, Tova", card="4111111111111111", payment="E1")
    logging.getLogger("edgepos.x").info("paid", extra={"token": "secret", "cause": "ok"})
    assert "Testsson" not in written.getvalue()
    assert "4111" not in written.getvalue()
    assert "secret" not in written.getvalue()
    assert lines(written)[1]["cause"] == "ok"
    kept = next(one for one in logging.getLogger().handlers[0].filters if isinstance(one, logs.Lines))
    assert kept.dropped == {"owner": 1, "card": 1, "token": 1}


def test_long_numbers_are_cut_out_wherever_they_stand(written: io.StringIO) -> None:
    logs.logger("edgepos.x").info("answer 4111 1111 1111 1111 came", cause="pan=4111111111111111")
    logging.getLogger("httpx").warning("GET https://x/?card=4111111111111111")
    assert "1111" not in written.getvalue()


def test_what_libraries_whisper_is_not_kept(written: io.StringIO) -> None:
    logging.getLogger("some.library").info("hello")
    assert written.getvalue() == ""


def test_an_unexpected_error_is_told_by_its_places_and_never_by_its_values(written: io.StringIO) -> None:
    try:
        raise ValueError("the secret is 4711")
    except ValueError:
        logs.logger("edgepos.x").error("unexpected", exc_info=True)
    line = lines(written)[0]
    assert "4711" not in written.getvalue()
    assert str(line["cause"]).startswith("ValueError")
    assert "test_log.py:" in str(line["cause"])
