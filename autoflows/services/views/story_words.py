"""What people did to an execution, in words. Pure."""

from __future__ import annotations

from autoflows.domain.flow_words import CALL_OUTCOMES, joined
from autoflows.services.views.story import ActView


def act_said(act: ActView) -> str:
    """What they said with it; empty if nothing."""
    said = act.note or act.reason
    return "" if said in (f"Cancelled by {act.actor_name}", "Cancelled by hand") else said  # written where no reason was given


def act_text(act: ActView) -> str:
    """`Cancelled it`, `Had step 2 tried again`."""
    numbers = joined([str(order) for order in act.steps])
    steps = f"step{'s' if len(act.steps) > 1 else ''} {numbers}" if act.steps else ""
    match act.act:
        case "enrolled":
            return "Started it by hand"
        case "moved":
            return f"Moved it to version {act.version} by publishing that"
        case "cancelled":
            return "Cancelled it"
        case "cancelled_many":
            return f"Cancelled it{_with_others(act)}"
        case "cancelled_by_publish":
            return f"Cancelled it by publishing version {act.version}"
        case "retried":
            return f"Had {steps} tried again" if steps else "Had it go on"
        case "retried_many":
            return f"Had {steps} tried again{_with_others(act)}"
        case "resolved":
            outcome = CALL_OUTCOMES.get(act.outcome or "", "")
            reached = "reached them" if act.status == "success" else "did not reach them"
            return f"Said that {steps} {reached}{f' ({outcome})' if outcome else ''}"


def _with_others(act: ActView) -> str:
    others = (act.count or 1) - 1
    return f" together with {others:,} other{'' if others == 1 else 's'}" if others else " by a filter"
