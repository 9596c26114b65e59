"""Send an e-mail from a Liquid template."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from autoflows.actions.base import ActionContext, ActionSpec, CannotPerform, Prepared, needed, shortened
from autoflows.actions.unsubscribe import unsubscribe_url
from autoflows.domain.flow import ActionType, Strict
from autoflows.domain.templating import TemplateError, render, text_of_html
from autoflows.providers.base import EmailMessageRequest

SHOWN_TEXT = 5000
"""So much of a mail's text is kept with the attempt. Its HTML is not: workers read what is kept at every step."""


class EmailConfig(Strict):
    """Settings of an e-mail."""

    email_template_id: UUID = Field(title="Template", json_schema_extra={"widget": "email_template"})
    from_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = Field(
        default=None, title="From name", description="Shown as the sender", json_schema_extra={"widget": "text"}
    )
    subject_override: Annotated[str, StringConstraints(strip_whitespace=True, max_length=998)] | None = Field(
        default=None,
        title="Subject",
        description="Instead of the template's own; Liquid works here too",
        json_schema_extra={"widget": "text"},
    )


async def prepare(context: ActionContext) -> Prepared:
    """The rendered e-mail; a text part is made from the HTML where the template has none. `{{ unsubscribe_url }}` is a link to stop it."""
    config: EmailConfig = context.config
    if not context.lead.email:
        raise CannotPerform("The contact has no e-mail address")
    template = await needed(context, "email_templates", config.email_template_id, "e-mail template")
    link = unsubscribe_url(context.account_id, context.lead.email)
    data = {**context.template_data(), "unsubscribe_url": link or ""}
    try:
        subject = " ".join(render(config.subject_override or template["subject"], data).split())
        html = render(template["html"], data, html=True)
        text = render(template["text"], data) or text_of_html(html)
    except TemplateError as error:
        raise CannotPerform(f"The e-mail template '{template['name']}' cannot be rendered: {error}") from None
    message = EmailMessageRequest(
        attempt_id=context.attempt_id,
        to=context.lead.email or "",
        to_name=context.lead.name or None,
        subject=subject,
        html=html,
        text=text,
        from_name=config.from_name,
        unsubscribe_url=link,
    )
    shown = {"template": template["name"], "to": context.lead.email, "subject": subject, "text": shortened(text, SHOWN_TEXT)}
    if config.from_name:
        shown["from"] = config.from_name
    return Prepared(template["channel_id"], message, shown)


SPEC = ActionSpec(
    action_type=ActionType.EMAIL,
    title="E-mail",
    icon="mail",
    description="A template rendered for the contact, as HTML and text",
    Config=EmailConfig,
    prepare=prepare,
    references={"email_template_id": "email_templates"},
    carrier="email_template_id",
)
