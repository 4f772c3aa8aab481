"""The sentences for what a doctor finds wrong with the box and its network, and why a pilot is not begun."""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale.entry import N_, Entry, entry

CHECKS: Mapping[str, Entry] = {
    "time-service-away": entry(
        N_("No time service keeps the clock of this box right."),
        N_("A clock that drifts makes every secure line fail one day."),
        N_("Switch it on with: timedatectl set-ntp true. Let the network pass UDP port 123."),
    ),
    "name-unknown": entry(
        (N_("The name {host} cannot be looked up."), N_("A service's name cannot be looked up.")),
        N_("The network's name service does not answer, or does not know it."),
        N_("Check the network cable, then: resolvectl status"),
    ),
    "line-away": entry(
        (N_("{host} does not answer: {cause}."), N_("A service does not answer.")),
        N_("The name is known, but no line comes about."),
        N_("Check the network; a firewall has to let TCP port 443 out."),
    ),
    "certificate": entry(
        (
            N_("What answers as {host} cannot prove that it is: {cause}. Its certificate is by {by}."),
            N_("What answers as {host} cannot prove that it is: {cause}."),
            N_("A service cannot prove who it is."),
        ),
        N_("Something between this box and the service may have answered: a filter, or a guest network."),
        N_("Let the network pass lines to the service untouched; then check the clock of this box."),
    ),
    "medium-errors": entry(
        (N_("The disk {device} reports trouble: {cause}."), N_("The disk reports trouble.")),
        N_("It may lose data soon."),
        N_("Copy the journal now with: edgepos backup DEST. Then exchange the disk."),
    ),
    "no-backup": entry(
        (N_("There is no copy of the journal in {folder}."), N_("The journal is not copied anywhere.")),
        N_("If the disk breaks, what is not booked yet is lost with it."),
        N_("Set the folder of [backup] in location.toml, or enable edgepos-backup.timer."),
    ),
    "unit-away": entry(
        (N_("{unit} is {state}."), N_("A service of this box does not run.")),
        "",
        (N_("See why with: systemctl status {unit}"), N_("See why with: systemctl status edgepos-agent")),
    ),
    "versions-differ": entry(
        (N_("The agent is version {agent}, this program {program}."), N_("Agent and program differ in version.")),
        N_("It was upgraded while the agent ran."),
        N_("Start the agent again, with no payment open: systemctl restart edgepos-agent"),
    ),
    "no-utf8": entry(
        (N_("This session's text form is {encoding}."), N_("This session's text form is not UTF-8.")),
        N_("Names and receipts may be shown with wrong letters."),
        N_("Set it with: export LANG=C.UTF-8"),
    ),
    "no-font": entry(
        N_("The console font of edgepos is not installed."),
        N_("Frames and signs on the kiosk's screen may be broken."),
        N_("Install the package again: apt install --reinstall edgepos"),
    ),
    "too-open": entry(
        (N_("{path} may be read by others: {mode}."), N_("A file may be read by others.")),
        "",
        (N_("Close it with: chmod go-rwx {path}"), N_("Close it with: chmod go-rwx")),
    ),
    "findings-open": entry(
        (N_("{count} findings wait for a person."), N_("Findings wait for a person.")),
        "",
        N_("See what each is and what to do: edgepos findings"),
    ),
    "pilot-refused": entry(
        N_("The pilot was not begun."),
        (N_("The reason is: {reason}."), ""),
        N_("It runs with a test account alone, where no agent runs and no payment is open: docs/services.md"),
    ),
    "secret-missing": entry(
        (N_("The secret “{key}” is not stored."), N_("A secret is not stored.")),
        (N_("{service} takes nobody in without it."), ""),
        N_("Store it with: edgepos setup"),
    ),
}
