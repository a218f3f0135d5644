"""``vitrina data describe`` on the screen."""

from __future__ import annotations

from typing import Any

from vitrina.cli import output
from vitrina.data.describe import Description, Quantiles


def show_description(found: Description) -> None:
    """Print the facts in small tables, the warnings last."""
    print(found.title or found.name)
    if found.simulated:
        print("Simulated: figures obtained on these data say nothing about a real catalogue.")
    output.table([{"": k, "value": v} for k, v in _facts(found)])
    spread = [("events per user", found.per_user), ("events per item", found.per_item)]
    if found.sessions:
        spread.append(("events per session", found.sessions.events))
    output.table([_spread(name, q) for name, q in spread if q])
    if found.attributes:
        output.table([_attribute(a.model_dump()) for a in found.attributes], title="Attributes of the catalogue")
    for warning in found.warnings:
        print(f"warning: {warning}")


def _facts(found: Description) -> list[tuple[str, str]]:
    facts = [
        ("events", f"{found.events:,}"),
        ("positive events", f"{found.positive_events:,}" + (f"  ({found.positive})" if found.positive else "")),
        ("users", f"{found.users:,}" + _active(found.users, found.active_users)),
        ("items", f"{found.items:,}" + _active(found.items, found.active_items)),
        ("density", f"{found.density:.3%}"),
        ("repeated pairs", f"{found.repeats:.1%} of the events"),
    ]
    if found.kinds:
        facts.append(("kinds", ", ".join(f"{count:,} {kind}" for kind, count in found.kinds.items())))
    if found.times:
        span = f"{found.times.first} to {found.times.last}" if found.times.first else "none"
        facts.append(("times", span + (f"; {found.times.missing:,} missing" if found.times.missing else "")))
    if found.sessions:
        facts.append(("sessions", f"{found.sessions.count:,}"))
    if found.prices:
        p = found.prices
        facts.append(("prices", f"{p.min:,.2f} to {p.max:,.2f}, median {p.median:,.2f} {p.currency}".rstrip()))
    if found.long_tail:
        tops = ", ".join(f"top {share} %: {events:.0%}" for share, events in found.long_tail.top.items())
        facts.append(("long tail", f"{tops} of the events (Gini {found.long_tail.gini:.2f})"))
    if found.users_with_at_least:
        facts.append(("users with n events", ", ".join(f"{n} or more: {c:,}" for n, c in found.users_with_at_least.items())))
    return facts


def _active(total: int, active: int) -> str:
    return "" if active == total else f"  ({active:,} with a positive event)"


def _spread(name: str, q: Quantiles) -> dict[str, Any]:
    return {
        "": name,
        "min": str(q.min),
        "25 %": f"{q.q25:g}",
        "median": f"{q.median:g}",
        "mean": f"{q.mean:.1f}",
        "75 %": f"{q.q75:g}",
        "95 %": f"{q.q95:g}",
        "max": f"{q.max:,}",
    }


def _attribute(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "share": f"{row['share']:.1%}"}
