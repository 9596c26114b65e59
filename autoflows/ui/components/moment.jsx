// A time in the viewer's zone: relative ("2 min ago", kept fresh by one ticker for the whole page) or absolute.
import { memo, useEffect, useState } from "react";

const listeners = new Set();
let ticker = null;

function useTick(active) {
  const [, set] = useState(0);
  useEffect(() => {
    if (!active) return undefined;
    const wake = () => set((n) => n + 1);
    listeners.add(wake);
    ticker ??= setInterval(() => listeners.forEach((f) => f()), 5000);
    return () => {
      listeners.delete(wake);
      if (listeners.size === 0) {
        clearInterval(ticker);
        ticker = null;
      }
    };
  }, [active]);
}

const parse = (value) => new Date(String(value).replace(" ", "T"));

const OPTIONS = {
  full: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  seconds: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  short: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  date: { day: "numeric", month: "short", year: "numeric" },
};

// A formatter takes a hundred times as long to make as to use, and a list that moves shows fifty times ten times a second.
const formatters = new Map();

function formatter(mode, zone) {
  const key = `${mode} ${zone || ""}`;
  if (!formatters.has(key)) formatters.set(key, make(mode, zone || undefined));
  return formatters.get(key);
}

function make(mode, timeZone) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...OPTIONS[mode], timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...OPTIONS[mode], timeZone: "UTC" });
  }
}

const format = (date, mode, zone) => formatter(mode, zone).format(date);

// "soon": the time alone if it is today in the zone, else with its date.
function soon(date, zone) {
  const sameDay = format(date, "date", zone) === format(new Date(), "date", zone);
  return format(date, sameDay ? "short" : "full", zone);
}

const STEPS = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86400, 3600, "hour"],
  [30 * 86400, 86400, "day"],
];

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

function relative(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  const step = STEPS.find(([limit]) => size < limit);
  if (!step) return null;
  return RELATIVE.format(Math.round(seconds / step[1]), step[2]);
}

export const Moment = memo(function Moment({ value, zone, mode = "ago", empty = "—" }) {
  useTick(mode === "ago" && Boolean(value));
  if (!value) return <span className="af-muted">{empty}</span>;
  const date = parse(value);
  if (Number.isNaN(date.getTime())) return <span>{String(value)}</span>;
  const text = mode === "soon" ? soon(date, zone) : (mode === "ago" && relative(date)) || format(date, mode === "ago" ? "date" : mode, zone);
  return (
    <time dateTime={date.toISOString()} title={`${format(date, "full", zone)} ${zone || ""}`.trim()}>
      {text}
    </time>
  );
});
