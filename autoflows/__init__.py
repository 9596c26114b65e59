"""Autoflows: every new lead contacted within seconds, and every lead accounted for."""

import os
import zoneinfo

# The tz database that came with the product, not the operating system's: countries change their clocks at short notice, a server's
# own copy may be years old, and all machines of an installation must agree what time it is somewhere. Who sets PYTHONTZPATH knows better.
if "PYTHONTZPATH" not in os.environ:
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
