"""What is assumed of Provet Cloud without proof, fact by fact: docs/services.md is made to say the same."""

from __future__ import annotations

from edgepos.agent.pilot.facts import Fact, table

ASSUMED = "edgepos/practice/provet/assumed.py"
CLIENT = "edgepos/practice/provet/client.py"
LINK = "edgepos/practice/provet/link.py"
SYNC = "edgepos/agent/sync.py"
PARKED = "such bookings are parked in sight, with what to press in Provet"

FACTS = table((
    Fact(
        id="token-life", section="§3", question="How long is a token good?", assumed="10h",
        answers={"10h": "10 hours.", "other": "Another time, see below.", "untold": "It does not say."},
        kept=f"{ASSUMED} TOKEN_LIFETIME_S", otherwise="Nothing: the told life counts.", how="`expires_in` of a sign-in.",
    ),
    Fact(
        id="second-token", section="§3", question="Does a second sign-in take the first token's force?", assumed="both",
        answers={"both": "No: both are good.", "newest": "Yes: only the newest is good."},
        kept=LINK, otherwise="Boxes of one organisation push each other out: ask for a client id for each clinic.",
        how="Two sign-ins, and a question with the first token.",
    ),
    Fact(
        id="slash", section="§2", question="What becomes of an address without its last slash?", assumed="redirect",
        answers={"redirect": "A redirect.", "answer": "It is answered.", "other": "Otherwise."},
        kept="edgepos/outbound.py: no redirect is followed", otherwise="Nothing.", how="A list without its slash.",
    ),
    Fact(
        id="rights", section="§4", question="Which rights has the integration?", assumed="default",
        answers={"default": "Those for invoices and payments, and none for settings.",
                 "full": "Those for settings too.", "too_few": "It lacks rights that booking needs, see below."},
        kept=f"{ASSUMED} RIGHTS",
        otherwise="`full`: lock date and names of methods are read too. `too_few`: ask for a permission template.",
        how="Each list of the table of rights is asked for.",
    ),
    Fact(
        id="active-permissions", section="§4", question="Can the rights be asked for by name?", assumed="yes",
        answers={"yes": "Yes.", "no": "No."}, kept="nowhere: each right is tried by itself", otherwise="Nothing.",
        how="user/current/active_permissions/",
    ),
    Fact(
        id="date-field", section="§9", question="What is the day of a payment called?", assumed="known",
        answers={"known": "By a name that edgepos tries.", "other": "By another name, or it cannot be set."},
        kept=f"{ASSUMED} PAYMENT_DATE_FIELDS",
        otherwise="Bookings are dated by Provet Cloud itself; add the name there.", how="OPTIONS of invoicepayment.",
    ),
    Fact(
        id="info-limit", section="§11", question="How long may the text of a payment be?", assumed="keep",
        answers={"keep": "At least 255 letters, kept as they are.", "truncate": "More are cut without a word.",
                 "short": "Less than 100, see below."},
        kept=f"{ASSUMED} INFO_LIMIT", otherwise="`short`: set INFO_LIMIT below it. `truncate` is lived with.",
        how="Bookings with texts of 100, 255 and 300 letters.",
    ),
    Fact(
        id="unknown-filter", section="§5", question="What becomes of a filter that is not known?", assumed="ignored",
        answers={"ignored": "It is ignored without a word.", "refused": "It is refused."},
        kept=f"{CLIENT}: every row is looked at again", otherwise="Nothing.", how="A list with an invented filter.",
    ),
    Fact(
        id="filters", section="§13", question="Which filters do payments know?", assumed="some",
        answers={"some": "The invoice's, not the text's.", "strict": "The invoice's and the text's.",
                 "ignore": "None: everything comes back."},
        kept=f"{ASSUMED} PAYMENT_INVOICE_FILTER",
        otherwise="`ignore`: the invoice's own list of payments is read in its place: slower, not wrong.",
        how="Payments of one invoice, and payments with an invented text.",
    ),
    Fact(
        id="status-filter", section="§5", question="How is the filter for an invoice's status called?", assumed="both",
        answers={"both": "status__is and _status__is.", "guide": "status__is.", "schema": "_status__is.",
                 "none": "Neither is honoured."},
        kept=f"{ASSUMED} UNPAID_FILTERS", otherwise="`none`: the list of invoices is made from the recent ones.",
        how="Drafts are asked for with each.",
    ),
    Fact(
        id="numbers", section="§8", question="In which form do invoices give their numbers?", assumed="mixed",
        answers={"mixed": "Some as texts.", "number": "All as numbers."}, kept="edgepos/practice/provet/wire.py amount",
        otherwise="Nothing: both are read.", how="The newest 50 invoices.",
    ),
    Fact(
        id="currency", section="§8", question="Does an invoice tell its currency?", assumed="no",
        answers={"no": "No.", "yes": "Yes, see below."}, kept="location.currency in location.toml",
        otherwise="It is compared where it is called `currency`.", how="The keys of an invoice.",
    ),
    Fact(
        id="created-answer", section="§11", question="What answers a booking?", assumed="full",
        answers={"full": "The whole payment.", "empty": "Nothing but the status.", "other": "A part of it."},
        kept=f"{CLIENT} _echo", otherwise="The booking is then looked up before it counts: slower, not wrong.",
        how="A booking of a small amount on the test invoice.",
    ),
    Fact(
        id="created-status", section="§13", question="With which status?", assumed="201",
        answers={"201": "201.", "200": "200.", "other": "Another one."}, kept=f"{CLIENT} post",
        otherwise="200 is understood too; another one counts as unknown and is looked up.", how="The same booking.",
    ),
    Fact(
        id="info-kept", section="§11", question="Is our reference kept in the text?", assumed="keep",
        answers={"keep": "Yes, whole.", "drop": "No, the text is empty.", "changed": "It is changed."},
        kept=f"{SYNC}: posting stops where it is not",
        otherwise="Nothing may be booked by edgepos in this organisation: ask Nordhealth.",
        how="The payment is read again.",
    ),
    Fact(
        id="due-falls", section="§13", question="Does the due sum fall at once?", assumed="at_once",
        answers={"at_once": "Yes.", "later": "Later, see below.", "never": "Not within two minutes."},
        kept="edgepos/agent/charging.py: 120 s of patience",
        otherwise="Up to two minutes are lived with; more than that, and an invoice could be charged too much: tell the"
        " developers.",
        how="The invoice is read until its due sum has fallen.",
    ),
    Fact(
        id="duplicate", section="§1", question="Does the same booking sent twice make two payments?", assumed="two",
        answers={"two": "Yes.", "refused": "No, the second is refused.", "one": "No, it answers the first one's."},
        kept=f"{SYNC}: looked up before any post", otherwise="Nothing; it would be one more net below.",
        how="The same booking once more.",
    ),
    Fact(
        id="refund", section="§9", question="Can money back be booked as a negative payment?", assumed="accept",
        answers={"accept": "Yes.", "refuse": "No."}, kept="practice.money_back in organisation.toml",
        otherwise='Set money_back = "cancel" or "by_hand".', how="A booking of a negative amount.",
    ),
    Fact(
        id="cancel-payment", section="§9", question="Can a payment be cancelled by the API?", assumed="allowed",
        answers={"allowed": "Yes.", "forbidden": "No, the right is missing.", "other": "Otherwise."},
        kept="practice.money_back in organisation.toml", otherwise='Do not set money_back = "cancel".',
        how="One of the pilot's payments is cancelled.",
    ),
    Fact(
        id="cancel-mark", section="§9", question="How is a cancelled payment marked?", assumed="known",
        answers={"known": "By a mark that edgepos looks for.", "other": "Otherwise, see below."},
        kept=f"{ASSUMED} CANCELLED_MARKS", otherwise="Add the mark there.", how="The cancelled payment is read again.",
    ),
    Fact(
        id="cancel-twice", section="§13", question="Is a second cancel refused?", assumed="refused",
        answers={"refused": "Yes.", "taken": "No."}, kept=f"{SYNC}", otherwise="Nothing: the invoice is read first.",
        how="The same cancel once more.",
    ),
    Fact(
        id="extras", section="§11", question="Can extras be added to a payment?", assumed="yes",
        answers={"yes": "Yes.", "no": "No."}, kept="practice.extras in organisation.toml",
        otherwise="Leave extras = false.", how="One is added to a payment of the pilot.",
    ),
    Fact(
        id="draft", section="§1", question="Is a payment on a draft refused?", assumed="refused",
        answers={"refused": "Yes.", "taken": "No."}, kept="edgepos/domain/booking.py obstacle",
        otherwise="Nothing: none is ever sent.", how="A booking on the person's draft.",
    ),
    Fact(
        id="invoicing", section="§15.3", question="Is a payment refused on an invoice sent for later payment?",
        assumed="refused", answers={"refused": "Yes.", "taken": "No."}, kept="edgepos/domain/booking.py obstacle",
        otherwise="It could be offered: tell the developers.", how="A booking on the person's invoice of status 4.",
    ),
    Fact(
        id="lock-date", section="§1", question="Is a payment refused that is dated far back?", assumed="refused",
        answers={"refused": "Yes: the books are locked before some day.", "taken": "No: nothing is locked."},
        kept=f"{ASSUMED} LOCK_DATE_FIELD", otherwise="Nothing: the tenant has no lock date.",
        how="A booking dated 2 January 2020.",
    ),
    Fact(
        id="date-paid", section="§13", question="Does a paid invoice say when it was paid?", assumed="set",
        answers={"set": "Yes.", "never": "No."}, kept=f"{ASSUMED} UNPAID_FILTERS",
        otherwise="Paid invoices come back in the list of unpaid ones and are left out by their due sum: slower.",
        how="The rest of the test invoice is booked.",
    ),
    Fact(
        id="overpayment", section="§11", question="Is a payment above what is due refused?", assumed="refuse",
        answers={"refuse": "Yes.", "allow": "No: the due sum is less than zero then."},
        kept="practice.allows_overpayment in organisation.toml", otherwise="Set allows_overpayment = true.",
        how="One more booking on the paid invoice.",
    ),
        Fact(
            id="no-terminal-run",
            section="§13",
            question="Does a card payment by the API start a terminal of Provet's own?",
            assumed="no",
            answers={"no": "No.", "yes": "Yes."},
            kept="edgepos/practice/provet/wire.py CARD",
            otherwise="Customers would be asked to pay twice: book with another payment type, and ask Nordhealth.",
            how="The person looks at the terminals that Provet Cloud drives.",
        ),
    Fact(
        id="reports", section="§15.6", question="Do these payments stand in the end-of-day report as card payments?",
        assumed="yes", answers={"yes": "Yes.", "no": "No."}, kept="edgepos/practice/provet/wire.py CARD",
        otherwise="The clinic's books lack them: ask Nordhealth which payment type counts.",
        how="The person looks at the report.",
    ),
    Fact(
        id="retry-after", section="§6", question="How is one told to wait?", assumed="seconds",
        answers={"seconds": "429, with seconds.", "http_date": "429, with a date.", "absent": "429, without a time.",
                 "never": "Not at all."},
        kept=f"{LINK} _retry_after_s", otherwise="Nothing: all are understood.",
        how="Four of the heaviest lists in a row.",
    ),
))  # fmt: skip

TO_ASK = (
    "All fields of invoicepayment: date, method, the limit of `info`; is `info` filterable? (§15.1)",
    "How should a refund be booked so that the books are right? (§15.2)",
    "May a payment be booked on an invoice of status 4, or on a consolidated one? (§15.3)",
    "Can edgepos be a POS bridge through postransaction and postransactionresult? (§15.4)",
    "Can Provet's own Nets integration stay set up while edgepos drives the same account? (§15.7)",
    "Is there an idempotency header, or is one planned? (§15.8)",
    "Is there any call that finalises a draft? (§15.10)",
)
