"""Liquid that users write: what it can say, and that it can neither hang a worker nor fill its memory."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.templating import MAX_TEMPLATE, TemplateError, check_template, render, text_of_html
from tests.domain.settings import QUICK, THOROUGH

ASHA = {"contact": {"name": "Asha <Patel> & sons", "tags": ["new", "vip"], "custom_fields": {"product": "Solar pump"}}}
DOUBLING = "{% assign s = 'ab' %}{% for i in (1..15) %}{% assign s = s | append: s %}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {{ contact.name }}", "Hello Asha <Patel> & sons"),
        ("{{ contact.custom_fields.product | upcase }}", "SOLAR PUMP"),
        ("{{ contact.custom_fields.colour | default: 'any colour' }}", "any colour"),
        ("{{ nobody.knows }}", ""),
        ("{% if contact.tags contains 'vip' %}V{% else %}N{% endif %}", "V"),
        ("{% for tag in contact.tags %}{{ forloop.index }}{{ tag }} {% endfor %}", "1new 2vip "),
        ("{{ contact.tags | join: ', ' }}", "new, vip"),
        ("{% assign n = 3 | times: 4 | plus: 1 %}{{ n }}", "13"),
        ("{% for i in (1..3) %}{{ i }}{% endfor %}", "123"),
        ("{% raw %}{{ name }}{% endraw %}", "{{ name }}"),
        ("{{ contact.__class__ }}{{ contact.name.__class__.__mro__ }}", ""),
        ("no tags, } braces { and % signs %}", "no tags, } braces { and % signs %}"),
        ("", ""),
    ],
)
def test_what_it_says(template: str, text: str) -> None:
    check_template(template)
    assert render(template, ASHA) == text


def test_html_is_escaped_and_text_is_not() -> None:
    assert render("<b>{{ contact.name }}</b>", ASHA, html=True) == "<b>Asha &lt;Patel&gt; &amp; sons</b>"
    assert render("<b>{{ contact.name }}</b>", ASHA) == "<b>Asha <Patel> & sons</b>"


@THOROUGH
@given(st.text(max_size=60))
def test_no_value_can_add_markup_to_html(value: str) -> None:
    written = render("<p>{{ v }}|{{ v | append: v }}|{{ v | upcase }}</p>", {"v": value}, html=True)
    assert written.count("<") == 2
    assert written.count(">") == 2
    plain = value.replace("{", "").replace("\r", "")  # the library makes one newline of all kinds
    assert render(plain, {}) == plain


@pytest.mark.parametrize(
    "template",
    [
        "{{ contact.name",
        "{% if %}",
        "{% if a %}",
        "{% endif %}",
        "{% nosuchtag %}",
        "{{ 1 | nosuchfilter }}",
        "{{ }}}}{{",
        "{% for x %}{% endfor %}",
        "{% include 'settings' %}",
        "{% render 'settings' %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% import 'os' %}",
        "{% raw %}",
        "{% comment %}",
        "x" * (MAX_TEMPLATE + 1),
        "{{ " + "a" * 3000 + " }}",
        "{{ {{ a }} }}",
    ],
)
def test_what_cannot_be_read_is_told_when_it_is_saved(template: str) -> None:
    with pytest.raises(TemplateError) as error:
        check_template(template)
    assert len(str(error.value)) < 300, "a sentence, not the template again"


def test_an_error_names_its_line() -> None:
    with pytest.raises(TemplateError, match=r"^line 3: unknown filter 'shout'$"):
        check_template("Hello\n\n{{ name | shout }}")
    with pytest.raises(TemplateError, match=r"^line 2: '{{' is not closed"):
        check_template("Hello\n{{ name")


@pytest.mark.parametrize(
    "template",
    [
        # loops
        "{% for i in (1..1000000000000) %}x{% endfor %}",
        "{% for a in (1..200) %}{% for b in (1..200) %}{% for c in (1..200) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in (1..10000) %}{% endfor %}" * 200,
        "{% for i in (1..10000) %}" + "{% if i == 1 %}{% endif %}" * 2000 + "{% endfor %}",
        "{% tablerow i in (1..10000000) cols: 1 %}x{% endtablerow %}",
        # nesting
        "{% if true %}" * 2000 + "{% endif %}" * 2000,
        # output, and values that multiply
        DOUBLING + "{{ s | replace: 'a', s }}",
        DOUBLING + "{{ s | split: '' | join: s }}",
        DOUBLING + "{{ s | split: 'b' | uniq | size }}",
        DOUBLING + DOUBLING.replace("'ab'", "s") + "{{ s }}",
        DOUBLING + "{% for i in (1..100) %}{{ s }}{% endfor %}",
        "{% capture c %}" + DOUBLING + "{% for i in (1..100) %}{{ s }}{% endfor %}{% endcapture %}",
        "{% assign x = '&&&&&&&&' %}{% for i in (1..4000) %}{% assign x = x | url_encode %}{% endfor %}{{ x }}",
        "{% assign x = 3 %}{% for i in (1..40) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
        "{% assign a = 'a,b' | split: ',' %}{% for i in (1..40) %}{% assign a = a | concat: a %}{% endfor %}{{ a | size }}",
        # ranges outside of loops
        "{{ (1..100000000) | join: ',' | size }}",
        "{% if (1..100000000) contains 'x' %}y{% endif %}",
        "{% assign r = (1..100000000) %}{{ r | sort | size }}",
        # tags that the parser would need minutes for
        "{{" * 20_000,
        "{{" + " " * 50_000 + "}}",
        "{% if " + "(" * 20_000 + " %}",
        "{% if " + "(" * 1900 + " %}{% endif %}",
        "{% raw %}" * 5000,
        "{{ a" + "[" * 10_000 + " }}",
        "{% if " + "a or " * 5000 + "a %}{% endif %}",
        "{% assign a" + "{% assign a".join(str(n) + " = 1 %}" for n in range(10_000)),
    ],
)
def test_a_template_without_end_is_refused_soon(template: str) -> None:
    begun = perf_counter()
    with pytest.raises(TemplateError) as error:
        render(template, {})
    assert perf_counter() - begun < 5
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("template", ["{{ 'inf' | ceil }}", "{{ 'nan' | floor }}", "{{ 1 | divided_by: 0 }}", "{{ 'x' | date: 5 }}"])
def test_what_breaks_in_the_library_is_the_templates_error(template: str) -> None:
    try:
        render(template, {})
    except TemplateError as error:
        assert str(error)  # noqa: PT017


PIECES = st.sampled_from(
    [
        "{{ v }}",
        "{{ v | upcase }}",
        "{{ v | times: v }}",
        "{{ v | divided_by: w }}",
        "{{ v | round: w }}",
        "{{ v | ceil }}",
        "{{ v | date: w }}",
        "{{ v | split: w | join: v }}",
        "{{ v | slice: w, 3 }}",
        "{{ v | replace: w, v }}",
        "{{ v | sort | first }}",
        "{{ v | map: w }}",
        "{{ v | where: w, v }}",
        "{{ v | truncate: w }}",
        "{{ v | sum }}",
        "{{ v | abs | minus: w }}",
        "{{ v | base64_decode }}",
        "{{ v[w] }}",
        "{{ v | escape_once | strip_html }}",
        "{% if v > w %}a{% elsif v contains w %}b{% endif %}",
        "{% for i in v limit: w %}{{ i }}{% endfor %}",
        "{% for i in (v..w) %}.{% endfor %}",
        "{% case v %}{% when w %}c{% endcase %}",
        "{% assign v = w | append: v %}",
        "{% cycle v, w %}",
        "text {",
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["1e400", "nan", "-1", "now", "99999999999"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@THOROUGH
@given(st.lists(PIECES, max_size=5).map("".join), VALUES, VALUES)
def test_any_values_render_or_are_refused(template: str, v: Any, w: Any) -> None:
    for html in (False, True):
        try:
            assert isinstance(render(template, {"v": v, "w": w}, html=html), str)
        except TemplateError as error:
            assert str(error)  # noqa: PT017


@QUICK
@given(st.text(alphabet="{}%|'\" abif.()[]0:,-\n", max_size=60))
def test_any_text_is_a_template_or_not(text: str) -> None:
    try:
        render(text, {"a": {"b": 1}})
    except TemplateError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear Asha,</p><p>thanks for   asking.</p>", "Dear Asha,\nthanks for   asking."),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<style>p { color: red }</style><p>seen</p><script>alert(1)</script>", "seen"),
        ("<HEAD><title>x</title></HEAD><body>seen</body>", "seen"),
        ("<header>seen</header>", "seen"),
        ("a<!-- not <b>this</b> -->b", "ab"),
        ("<!--[if mso]><p>Outlook</p><![endif]--><p>all</p>", "all"),
        ("&lt;b&gt; &amp; &nbsp;x", "<b> & \xa0x"),
        ("<style>never closed <p>hidden</p>", ""),
        ("İ<style>x</style>İ", "İİ"),
        ("5 < 6 and 7 > 3", "5  3"),
        ("", ""),
    ],
)
def test_the_text_of_html(html: str, text: str) -> None:
    assert text_of_html(html) == text


@pytest.mark.parametrize("piece", ["<", "<a", "<style", "<style>", "<!--", "<br ", "</", "&", "<script></script", "<head></head>", "\n"])
def test_the_text_of_garbage_comes_soon(piece: str) -> None:
    begun = perf_counter()
    text_of_html(piece * (1_000_000 // len(piece)))
    assert perf_counter() - begun < 3


@THOROUGH
@given(st.text(alphabet="<>/!-aspn&; \nstyle", max_size=80))
def test_any_html_has_a_text(html: str) -> None:
    lines = text_of_html(html).splitlines()
    assert all(line.strip() for line in lines)
