"""The tables of the journal. Code may be wrong, the tables may not: what must never happen is refused here too.

`event` is the truth and is only ever appended to. All other tables but `checkpoint` are projections: written by
`project.py` alone, in the event's own database transaction, and made anew from the events by `edgepos verify`.
What the terminal did must always find room: the claims bind only what we start (`origin = 'asked'`), and no CHECK
compares amounts with each other.
"""

from __future__ import annotations

APPLICATION_ID = 0x45504A31
"""`EPJ1`, in the file's header: `file` and we can tell a journal from any other database."""

_FIRST = """
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY,
  at      TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  body    TEXT NOT NULL,
  prev    BLOB NOT NULL CHECK (length(prev) = 32),
  hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;
CREATE TRIGGER event_follows_the_last BEFORE INSERT ON event
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
  OR NEW.prev <> coalesce((SELECT hash FROM event ORDER BY seq DESC LIMIT 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'an event follows the last one'); END;

CREATE TABLE operation (
  id                TEXT NOT NULL UNIQUE,
  kind              TEXT NOT NULL CHECK (kind IN ('purchase', 'refund', 'reversal', 'reconciliation')),
  origin            TEXT NOT NULL CHECK (origin IN ('asked', 'found', 'recorded')),
  state             TEXT NOT NULL CHECK (state IN ('intended', 'sent', 'unknown', 'approved', 'declined', 'cancelled',
                                                   'not_started', 'settled_by_hand')),
  terminal          TEXT NOT NULL,
  currency          TEXT NOT NULL,
  asked_minor       INTEGER NOT NULL,
  operator          TEXT NOT NULL,
  clinic_day        TEXT NOT NULL,
  created_at        TEXT NOT NULL,
  changed_at        TEXT NOT NULL,
  created_seq       INTEGER PRIMARY KEY,
  seq               INTEGER NOT NULL,
  text              TEXT NOT NULL,
  corrects          TEXT,
  request_key       TEXT,
  approved_minor    INTEGER,
  tip_minor         INTEGER NOT NULL DEFAULT 0,
  surcharge_minor   INTEGER NOT NULL DEFAULT 0,
  cause             TEXT,
  evidence          TEXT NOT NULL DEFAULT '[]',
  fence             TEXT,
  sent_boot_id      TEXT,
  sent_boottime_ms  INTEGER,
  stop_asked_at     TEXT,
  result            TEXT NOT NULL DEFAULT '{}',
  stan_auth         TEXT,
  session           TEXT,
  period            INTEGER,
  settled_outcome   TEXT CHECK (settled_outcome IN ('taken', 'not_taken')),
  settled_slip      TEXT,
  settled_minor     INTEGER,
  is_confirmed      INTEGER NOT NULL DEFAULT 0 CHECK (is_confirmed IN (0, 1)),
  copies            INTEGER NOT NULL DEFAULT 0,
  CHECK (origin <> 'asked' OR asked_minor >= 0),
  CHECK ((state = 'settled_by_hand') = (settled_outcome IS NOT NULL))
) STRICT;

-- The claims: what we start. Verbatim from the contracts.
CREATE UNIQUE INDEX one_open_a_terminal ON operation (terminal)
  WHERE origin = 'asked' AND (state IN ('intended', 'sent') OR (state = 'unknown' AND kind <> 'reconciliation'));
CREATE UNIQUE INDEX one_request ON operation (request_key);

-- Questions: what is open (a handful of rows), the few that did not end as approved purchases, a day, a terminal's
-- newest, a period, an amount, what corrects what, which StanAuth is known.
CREATE INDEX operation_open ON operation (created_seq) WHERE state IN ('intended', 'sent', 'unknown');
CREATE INDEX operation_not_approved ON operation (state, created_seq)
  WHERE state IN ('declined', 'cancelled', 'not_started', 'settled_by_hand');
CREATE INDEX operation_no_purchase ON operation (kind, created_seq) WHERE kind <> 'purchase';
CREATE INDEX operation_by_terminal ON operation (terminal, created_seq);
CREATE INDEX operation_by_day ON operation (clinic_day, created_seq);
CREATE INDEX operation_by_period ON operation (terminal, period, created_seq);
CREATE INDEX operation_by_amount ON operation (asked_minor, created_seq);
CREATE INDEX operation_by_text ON operation (text COLLATE NOCASE) WHERE text <> '';
CREATE INDEX operation_by_corrected ON operation (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX operation_by_stan ON operation (terminal, stan_auth) WHERE stan_auth IS NOT NULL;

CREATE TRIGGER a_final_state_stays BEFORE UPDATE OF state ON operation
WHEN OLD.state NOT IN ('intended', 'sent', 'unknown') AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'a final state never changes'); END;
CREATE TRIGGER an_operation_stays BEFORE DELETE ON operation
BEGIN SELECT RAISE(ABORT, 'an operation is never removed'); END;

CREATE TABLE line (
  operation    TEXT NOT NULL REFERENCES operation (id),
  line         INTEGER NOT NULL CHECK (line >= 1),
  origin       TEXT NOT NULL,
  practice     TEXT NOT NULL,
  invoice      TEXT,
  number       TEXT,
  part         INTEGER,
  amount_minor INTEGER NOT NULL,
  due_minor    INTEGER,
  kept_minor   INTEGER,
  claim        TEXT CHECK (claim IN ('open', 'kept', 'released')),
  PRIMARY KEY (operation, line)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_open_an_invoice ON line (practice, invoice) WHERE claim = 'open';
CREATE UNIQUE INDEX one_claim_a_part ON line (practice, invoice, part)
  WHERE claim IN ('open', 'kept') AND origin = 'asked';
CREATE INDEX line_by_invoice ON line (invoice, practice) WHERE invoice IS NOT NULL;
CREATE INDEX line_by_number ON line (number COLLATE NOCASE) WHERE number IS NOT NULL;

CREATE TRIGGER a_line_stays BEFORE DELETE ON line
BEGIN SELECT RAISE(ABORT, 'a line is never removed'); END;

CREATE TABLE outbox (
  row              TEXT NOT NULL UNIQUE,
  operation        TEXT NOT NULL,
  line             INTEGER NOT NULL,
  practice         TEXT NOT NULL,
  invoice          TEXT NOT NULL,
  amount_minor     INTEGER NOT NULL CHECK (amount_minor <> 0),
  currency         TEXT NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('queued', 'acknowledged', 'parked')),
  cause            TEXT,
  facts            TEXT NOT NULL DEFAULT '{}',
  change           TEXT NOT NULL DEFAULT '{}',
  practice_payment TEXT,
  via              TEXT CHECK (via IN ('post', 'lookup', 'adopted')),
  waits_for        TEXT,
  created_at       TEXT NOT NULL,
  seq              INTEGER NOT NULL,
  place            INTEGER PRIMARY KEY,
  FOREIGN KEY (operation, line) REFERENCES line (operation, line),
  CHECK ((state = 'acknowledged') = (practice_payment IS NOT NULL)),
  CHECK ((state = 'parked') = (cause IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX one_booking ON outbox (practice_payment);
CREATE INDEX outbox_waiting ON outbox (state, place) WHERE state <> 'acknowledged';
CREATE INDEX outbox_by_operation ON outbox (operation, line);

CREATE TRIGGER an_acknowledgement_stays BEFORE UPDATE ON outbox WHEN OLD.state = 'acknowledged'
BEGIN SELECT RAISE(ABORT, 'an acknowledged row never changes'); END;
CREATE TRIGGER an_outbox_row_stays BEFORE DELETE ON outbox
BEGIN SELECT RAISE(ABORT, 'an outbox row is never removed'); END;

CREATE TABLE terminal (
  id                 TEXT PRIMARY KEY,
  echoes             INTEGER CHECK (echoes IN (0, 1)),
  held               TEXT,
  period             INTEGER NOT NULL DEFAULT 1,
  last_session       TEXT,
  last_operation     TEXT,
  last_result        TEXT NOT NULL DEFAULT '{}',
  last_reconciled_at TEXT
) STRICT;

CREATE TABLE period (
  terminal  TEXT NOT NULL REFERENCES terminal (id),
  period    INTEGER NOT NULL,
  session   TEXT,
  opened_at TEXT NOT NULL,
  closed_at TEXT,
  by        TEXT CHECK (by IN ('asked', 'terminal', 'swap')),
  operation TEXT,
  totals    TEXT NOT NULL DEFAULT '[]',
  slip      TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (terminal, period),
  CHECK ((closed_at IS NULL) = (by IS NULL))
) STRICT;
CREATE UNIQUE INDEX one_open_period ON period (terminal) WHERE closed_at IS NULL;

CREATE TABLE closing (
  number     INTEGER PRIMARY KEY,
  clinic_day TEXT NOT NULL,
  terminals  TEXT NOT NULL,
  periods    TEXT NOT NULL,
  match      TEXT NOT NULL,
  operator   TEXT NOT NULL,
  made_at    TEXT NOT NULL
) STRICT;

CREATE TABLE finding (
  finding    TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  subject    TEXT NOT NULL,
  facts      TEXT NOT NULL,
  raised_at  TEXT NOT NULL,
  seq        INTEGER NOT NULL,
  handled_at TEXT,
  operator   TEXT,
  note       TEXT
) STRICT;
CREATE UNIQUE INDEX one_open_finding ON finding (kind, subject) WHERE handled_at IS NULL;

CREATE TABLE slip (
  operation TEXT NOT NULL REFERENCES operation (id),
  which     TEXT NOT NULL CHECK (which IN ('customer', 'merchant')),
  text      TEXT NOT NULL,
  PRIMARY KEY (operation, which)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to where the chain was checked last: a start checks only what came after it. No projection: it says what this
-- program did, not what happened.
CREATE TABLE checkpoint (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seq  INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""Numbered by their place, forward only: the file's `user_version` says how many of them it has."""

PROJECTIONS: tuple[str, ...] = (
    "operation",
    "line",
    "outbox",
    "terminal",
    "period",
    "closing",
    "finding",
    "slip",
    "meta",
)
"""In the order in which rows refer to each other."""
