"""The pilot: with a service's test account, each assumed fact of its protocol is tried, and what is so is written down.

    facts        what is assumed, and what else could be so; the report
    line         one service, asked plainly: status, body and time, unread by the client that assumes
    person       what is asked of the person at the terminal or in the practice system's screen
    nets_facts   what is assumed of Connect@Cloud, fact by fact; nets, nets_at_work: how each is tried, on a nets_bench
    provet_facts the same of Provet Cloud; provet: how each is tried
    page         docs/services.md, made from the facts
    run          refusals, order, the report

It moves money, though no real one: it refuses to run outside a confirmed test account, and beside an agent.
"""
