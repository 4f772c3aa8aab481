"""What the client takes for granted about Connect@Cloud without proof: the one place to look at after a pilot.

Marks are those of the protocol page: [L] seen in a log of a real terminal, [C] seen in working code, [A] assumed. Each
value says what happens if it is wrong. Assumptions that are a way of reading and no value:

* §1.2 [A] Statuses. 200 and 201 are done, 400 is an ordinary "no". A 401, any other 4xx, a 5xx, HTML or a redirect
  proves nothing on a call that moves money: it is given back as `NoAnswer`, and look-ups decide.
* §1.3 [A] Several tokens of one account are valid at once, so a login elsewhere takes nothing from us. If not, each
  401 costs one login and, on a question, one repetition.
* §2.2 [A] `orderId` may be 20 of `[0-9A-Za-z]`. If it is cut, `evidence` accepts 10 letters or more.
* §2.3 [A] `orderId` stands in the array's element, in `localModeEventArgs` or at the root: read in all three; where
  they contradict each other it fits nobody.
* §2.4 [A] The last result is fetched from the terminal itself: asked only at idle by the agent, given a minute here.
* §2.5 [A] Structured totals may stand in a reconciliation: used if whole, never needed.
* §3.1 [A] A reconciliation is good on Result 0 and 1 alike, if there is a report; a payment never is on 1.
* §4 [C] Only `idle` is a proven word for a terminal that may be used: any other is given on as it is, and waited for.
* §8.10 Keys in any case, numbers as text, anything missing, null or empty: read, and an unreadable amount is no amount.
"""

from __future__ import annotations

import re

TOKEN_LIFE_S = 86_400.0
"""§1.3 [L] Where the token tells no life of its own. If shorter: 401, one login."""

OFFLINE_STATES = frozenset({"offline", "disconnected", "notconnected", "not_connected", "not connected", "unreachable"})
"""§4 [A] Words for a terminal without a line to the cloud. If another is used, the terminal counts as busy with that
word: it is not used either, only the mend that staff are shown differs."""

BUSY_CODES = frozenset({6003, 7100, 7104})
"""§3.4 A question that met a working terminal."""

OFFLINE_CODES = frozenset({8013})
"""§3.4 [L] Not connected, or not of the account: the two look alike."""

ERROR_CODE = re.compile(r"(?<!\d)(2011|211[1-6]|600\d|70\d\d|71\d\d|74\d\d|75\d\d|8013|9[01]\d\d)(?!\d)")
"""§3.4 [A] Codes stand as numbers somewhere in the text of a failure. If they do not, a refusal is not recognised and
takes the long proof by two look-ups."""

BUSY_WORDS = re.compile(r"\b(busy|processing|locked)\b", re.I)
"""§2.3 [C] A failure may be a bare text such as "Terminal is busy". Only questions are classed by words, not money."""

NO_RESULT_WORDS = re.compile(r"\b(no|not|nothing|never)\b.*\b(results?|transactions?|found|available)\b", re.I)
"""§2.4 [A] How a terminal says that it has no last result, besides an empty `latestTransactionResult`. If it says so in
other words, nothing can be sent to a new terminal, and the text is shown."""
