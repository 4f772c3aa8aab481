"""The simulator's control server, as another process asks it: the demo, and whatever tries a whole clinic."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class DemoFailed(Exception):
    """A step did not end as the script demands. The text is for the person who runs the demo."""


def control(address: str, method: str, path: str, body: object = None) -> Any:
    """What the control server at *address* answers; None where it answers nothing. Raises DemoFailed if it refuses."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 400:
        raise DemoFailed(f"control: {method} {path} answered {answer.status}: {content[:300]!r}")
    return json.loads(content) if content else None
