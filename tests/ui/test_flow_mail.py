"""E-mails as their reader would get them."""

from __future__ import annotations

from autoflows.ui.flow_mail import Mail, mail_preview

MAIL = Mail("For {{ contact.name }}", "", "<p>Dear {{ contact.name }}, {{ contact.custom_fields.product }}</p>")
ASHA = {"name": "Asha <b>", "custom_fields": {"product": "pump"}}


def test_a_person_fills_the_mail_and_is_escaped_in_its_html() -> None:
    found = mail_preview(MAIL, "", ASHA)
    assert found.subject == "For Asha <b>"
    assert found.text == "Dear Asha <b>, pump"
    assert "<p>Dear Asha &lt;b&gt;, pump</p>" in found.html


def test_without_a_person_the_fields_are_named() -> None:
    assert mail_preview(MAIL, "", None).subject == "For ‹Name›"


def test_a_step_may_have_a_subject_of_its_own() -> None:
    assert mail_preview(MAIL, "Offer for\n{{ contact.name }}", ASHA).subject == "Offer for Asha <b>"


def test_the_document_lets_nothing_in() -> None:
    html = mail_preview(MAIL, "", ASHA).html
    assert html.index("default-src &#x27;none&#x27;") < html.index("<body>")


def test_a_mail_without_html_has_no_document_and_a_broken_one_says_why() -> None:
    assert mail_preview(Mail("Hi", "Text"), "", ASHA) == Mail("Hi", "Text", "")
    assert mail_preview(Mail("Hi", "{{ contact.name | shout }}"), "", ASHA).text.startswith("[")
