"""Runs a worker until it is told to stop."""

import signal

signal.sigwait([signal.SIGTERM, signal.SIGINT])
