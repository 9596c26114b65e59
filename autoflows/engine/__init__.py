"""The only code that moves work: ingest, match, advance, perform, outcome, control. Raw asyncpg: every statement is here to read.

The rows are the queue. Redis only carries wake-ups and news; losing it costs latency, never a lead.
"""
