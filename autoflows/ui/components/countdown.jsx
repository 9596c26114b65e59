// How long until a moment (or since one), ticking each second: "in 9 min 42 s", "12 s". One timer for the whole page.
import { useEffect, useState } from "react";
import { jsx } from "@emotion/react";

const listeners = new Set();
let ticker = null;

function useSecond() {
  const [, set] = useState(0);
  useEffect(() => {
    const wake = () => set((n) => n + 1);
    listeners.add(wake);
    ticker ??= setInterval(() => listeners.forEach((f) => f()), 1000);
    return () => {
      listeners.delete(wake);
      if (listeners.size === 0) {
        clearInterval(ticker);
        ticker = null;
      }
    };
  }, []);
}

const UNITS = [
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

function span(seconds) {
  let rest = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count || (parts.length > 0 && parts.length < 2)) parts.push(`${count} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

export function Countdown({ value, mode = "until" }) {
  useSecond();
  const at = new Date(String(value));
  if (!value || Number.isNaN(at.getTime())) return null;
  const seconds = (at.getTime() - Date.now()) / 1000;
  const text = mode === "since" ? span(-seconds) : seconds > 0 ? `in ${span(seconds)}` : "any moment now";
  return jsx("time", { dateTime: at.toISOString(), className: "af-countdown", role: "timer", "aria-live": "off", suppressHydrationWarning: true }, text);
}
