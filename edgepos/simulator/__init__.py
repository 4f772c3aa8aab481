"""Both clouds and everything behind them, as a server of its own: what edgepos is tried and tested against.

It speaks Nets Connect@Cloud and Provet Cloud over real sockets, as protocols/ describes them and from these pages
alone: it shares no wire model, parser or constant with the clients, so that a misreading on one side shows. It imports
nothing of edgepos but `edgepos.clock`, and listens on loopback only. Everything in it is invented:

* Connect@Cloud: account `clinic_demo`, password `demo-password`; terminals 70000001 RECEPTION (Desk3500),
  70000002 ROOM 2 (Move3500), 70000003 LAB (Lane3000). They are brand-new: code 87 until the first reconciliation.
* Provet Cloud: organisation 1234, client `edgepos-demo-client`, secret `edgepos-demo-secret`; departments
  1 SOD and 2 STH; SEK, Swedish texts, Europe/Stockholm. Invoices: see `provet_data`.
* The control service scripts all of it: `GET /` lists its routes, `GET /openapi.json` describes them.
"""
