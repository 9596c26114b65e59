"""YAML that anyone may send: exact both ways, and refused with its line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.yaml_text import MAX_CHARACTERS, YamlError, parse_yaml, write_yaml
from tests.domain.made import short, storable
from tests.domain.settings import THOROUGH

texts = (
    short
    | st.text(storable, max_size=30)
    | st.sampled_from(["", " x ", "a\nb\n", "089", "1_000", "0x1f", ".inf", "1e5", "2026-01-01", "=", "<<", "\u2028"])
)
numbers = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@THOROUGH
@given(values)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_yaml(write_yaml(value)).value == value


@THOROUGH
@given(st.text(max_size=60) | st.text("[]{}:,-&*!|>'\"\n #%@`ab01", max_size=80))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    line = 0
    try:
        parse_yaml(text)
    except YamlError as error:
        line = error.line if error.message else -1
    assert 0 <= line <= len(text.splitlines()) + 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10:30", "10:30"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("012", "012"),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", "1e3"),
        ("'12'", "12"),
        ("2026-11-24", "2026-11-24"),
        ("1: name\n2: company", {"1": "name", "2": "company"}),
        ("", None),
    ],
)
def test_plain_values(text: str, value: Any) -> None:
    read = parse_yaml(text).value
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: [1, 2", 3, "This is not YAML"),
        ("a: &x 1\nb: *x", 1, "Anchors"),
        ("a: 1\na: 2", 2, "'a' is written twice"),
        ('a: 1\nb: "x\\0"', 2, "NUL character"),
        ('a: 1\n"\\0": 2', 2, "NUL character"),
        ("a: !!python/object:os.system x", 1, "Tags"),
        ("a: 1\n---\nb: 2", 3, "second document"),
        ("? [1]\n: 2", 1, "plain text"),
        ("a: \x07", 1, "This is not YAML"),
        ("[" * 5000, 1, "nested too deeply"),
        ("x" * (MAX_CHARACTERS + 1), 1, "longer than"),
    ],
)
def test_what_is_refused(text: str, line: int, said: str) -> None:
    with pytest.raises(YamlError, match=said) as refused:
        parse_yaml(text)
    assert refused.value.line == line


def test_lines_are_known_by_pointer() -> None:
    document = parse_yaml("name: x\nactions:\n- action_type: wait\n\n- action_type: email\n  action_config:\n    a/b: 1\n")
    assert document.line_of("/actions/1/action_type") == 5
    assert document.line_of("/actions/1/action_config/a~1b") == 7
    assert document.line_of("/actions/1/action_config/missing/deeper") == 6
    assert document.line_of("/nothing") == 1


def test_no_anchor_is_ever_written() -> None:
    shared = {"name": "x"}
    assert "&" not in write_yaml([shared, shared])
    assert yaml.__with_libyaml__, "files are read by the fast parser"
