"""PostgreSQL and Valkey as child processes, and the supervisor that runs the whole product on one machine.

Nothing here knows flows or leads. Everything lives under one home directory (`home.py`), which one supervisor owns at a time.
"""
