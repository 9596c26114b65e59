"""SQLModel tables, a file per aggregate. Importing this package registers them all on `SQLModel.metadata`."""

from autoflows.models.capacity import Pace, Usage
from autoflows.models.catalogue import EmailTemplate, PhoneNumber, VoiceAgent, WhatsAppNumber, WhatsAppTemplate
from autoflows.models.channel import Channel
from autoflows.models.contact import Contact, LeadEvent
from autoflows.models.execution import ActionLog, Execution, ProviderEventRow
from autoflows.models.flow import Flow, FlowAction, FlowTriggerCondition, FlowVersion
from autoflows.models.flow_draft import FlowDraft
from autoflows.models.notification import Notification, NotificationRead
from autoflows.models.report import ReportMailing, ReportSchedule
from autoflows.models.rollup import RollupRecount, RollupSpread, RollupSum
from autoflows.models.saved_view import SavedView
from autoflows.models.suppression import Suppression
from autoflows.models.user import ApiToken, AuditEntry, Session, User

__all__ = [
    "ActionLog",
    "ApiToken",
    "AuditEntry",
    "Channel",
    "Contact",
    "EmailTemplate",
    "Execution",
    "Flow",
    "FlowAction",
    "FlowDraft",
    "FlowTriggerCondition",
    "FlowVersion",
    "LeadEvent",
    "Notification",
    "NotificationRead",
    "Pace",
    "PhoneNumber",
    "ProviderEventRow",
    "ReportMailing",
    "ReportSchedule",
    "RollupRecount",
    "RollupSpread",
    "RollupSum",
    "SavedView",
    "Session",
    "Suppression",
    "Usage",
    "User",
    "VoiceAgent",
    "WhatsAppNumber",
    "WhatsAppTemplate",
]
