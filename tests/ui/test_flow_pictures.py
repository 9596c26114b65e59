"""The small drawings of flows: a line of some days, and the picture of a flow."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from autoflows.services.flow_templates import gallery
from autoflows.ui.flow_picture import flow_picture
from autoflows.ui.flow_row import short
from autoflows.ui.sparkline import HEIGHT, WIDTH, sparkline


def test_a_line_goes_up_with_its_values() -> None:
    assert sparkline([1.0, None, 3.0]) == f"M3.0 {HEIGHT - 3.0} L{WIDTH - 3.0} 3.0"


def test_what_has_no_course_is_flat_or_nothing() -> None:
    assert sparkline([]) == sparkline([None, None]) == sparkline([None, 7.0, None]) == ""
    assert sparkline([5.0, 5.0]) == f"M3.0 {HEIGHT / 2} L{WIDTH - 3.0} {HEIGHT / 2}"


@pytest.mark.parametrize("key", gallery())
def test_every_template_can_be_drawn(key: str) -> None:
    fields = gallery()[key].fields
    picture = ElementTree.fromstring(flow_picture(fields))
    assert len(picture.findall("g")) == 1 + len(fields["actions"])


def test_no_text_of_a_flow_is_markup() -> None:
    nasty = '"><script>alert(1)</script>'
    action = {"action_type": nasty, "condition_type": "contact_field", "condition_field": nasty, "condition_value": nasty}
    drawn = flow_picture({"conditions": [{"condition_type": "tag", "condition_value": nasty}], "actions": [action]})
    assert "<script" not in drawn
    assert ElementTree.fromstring(drawn).tag == "svg"


def test_a_span_fits_a_column() -> None:
    assert [short(s) for s in (0.4, 42, 90, 7200, 200_000)] == ["0.4 s", "42 s", "2 min", "2 h", "2 d"]
