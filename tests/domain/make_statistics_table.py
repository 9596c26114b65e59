"""Write `statistics_table.json`: what scipy and statsmodels say of the cases that `test_statistics.py` holds us to.

Both are too heavy to install for every run of the tests. To make the table again, in an environment of its own:
`pip install scipy statsmodels && python tests/domain/make_statistics_table.py`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np  # type: ignore
from scipy import special, stats  # type: ignore
from statsmodels.stats import multitest, power, proportion  # type: ignore

TABLE = Path(__file__).with_name("statistics_table.json")
COUNTS = [(0, 5), (1, 5), (5, 5), (3, 40), (56, 70), (48, 80), (120, 1000), (151, 1000), (9, 10_000), (5031, 10_000)]


def wilson() -> list[dict[str, Any]]:
    found = []
    for k, n in COUNTS:
        for confidence in (0.9, 0.95, 0.99):
            low, high = proportion.proportion_confint(k, n, 1 - confidence, method="wilson")
            found.append({"k": k, "n": n, "confidence": confidence, "low": float(low), "high": float(high)})
    return found


def two_proportions() -> list[dict[str, Any]]:
    found = []
    for a in COUNTS:
        for b in COUNTS:
            low, high = proportion.confint_proportions_2indep(b[0], b[1], a[0], a[1], method="newcomb", compare="diff")
            with np.errstate(all="ignore"):
                p_value = float(proportion.proportions_ztest([b[0], a[0]], [b[1], a[1]])[1])
            found.append({"a": a, "b": b, "low": float(low), "high": float(high), "p": 1.0 if np.isnan(p_value) else p_value})
    return found


def durations() -> list[dict[str, Any]]:
    found = []
    chance = random.Random(7)
    for m, n, shift, digits in ((2, 2, 0.0, 3), (5, 9, 0.5, 2), (40, 25, 0.3, 1), (60, 200, 0.0, 0), (30, 30, 1.5, 0)):
        a = [round(chance.lognormvariate(2, 1), digits) + 1 for _ in range(m)]
        b = [round(chance.lognormvariate(2 + shift, 1.3), digits) + 1 for _ in range(n)]
        welch = stats.ttest_ind(np.log(b), np.log(a), equal_var=False)
        interval = welch.confidence_interval(0.95)
        ranks = stats.mannwhitneyu(b, a, alternative="two-sided", method="asymptotic", use_continuity=True)
        found.append({
            "a": a, "b": b, "ratio": float(np.exp(np.mean(np.log(b)) - np.mean(np.log(a)))), "p": float(welch.pvalue),
            "low": float(np.exp(interval.low)), "high": float(np.exp(interval.high)),
            "share": float(ranks.statistic / (m * n)), "rank_p": float(ranks.pvalue),
        })  # fmt: skip
    return found


def sizes() -> list[dict[str, Any]]:
    """By the same formula: statsmodels' own takes the arcsine effect, scipy has none, so it is its z quantiles that are checked."""
    found = []
    for base, effect, wanted in ((0.1, 0.05, 0.8), (0.3, -0.1, 0.9), (0.5, 0.02, 0.8), (0.02, 0.02, 0.95)):
        n = power.NormalIndPower().solve_power(proportion.proportion_effectsize(base + effect, base), power=wanted, alpha=0.05)
        found.append({"base": base, "effect": effect, "power": wanted, "arcsine": float(n)})
    return found


def adjusted() -> list[dict[str, Any]]:
    sets = [[0.01], [0.04, 0.01, 0.03], [0.2, 0.2, 0.001, 0.9], [0.5, 0.6, 0.01, 0.011, 0.012]]
    return [{"p": p, "holm": [float(v) for v in multitest.multipletests(p, method="holm")[1]]} for p in sets]


def student() -> list[dict[str, float]]:
    return [
        {"t": t, "freedom": f, "p": float(2 * stats.t.sf(t, f)), "quantile": float(stats.t.ppf(1 - special.ndtr(-t), f))}
        for f in (1.0, 2.5, 7.0, 30.0, 400.0, 12_345.6)
        for t in (0.001, 0.5, 1.96, 4.0)
    ]


if __name__ == "__main__":
    table = {f.__name__: f() for f in (wilson, two_proportions, durations, sizes, adjusted, student)}
    TABLE.write_text(json.dumps(table, separators=(",", ":")) + "\n")
