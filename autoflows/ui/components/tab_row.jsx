// A row of tabs: arrows, Home and End move between them, and the chosen one is brought into view.
import { useEffect, useRef } from "react";
import { jsx } from "@emotion/react";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

export function TabRow({ children, label, chosen = "", className = "" }) {
  const row = useRef(null);
  useEffect(() => {
    const tab = row.current?.querySelector('[aria-selected="true"]');
    if (tab) row.current.scrollTo({ left: tab.offsetLeft - (row.current.clientWidth - tab.offsetWidth) / 2 });
  }, [chosen]);
  const onKeyDown = (event) => {
    const tabs = [...row.current.querySelectorAll('[role="tab"]')];
    const here = tabs.indexOf(document.activeElement);
    const next = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : here + STEPS[event.key];
    if (here < 0 || Number.isNaN(next)) return;
    event.preventDefault();
    tabs[(next + tabs.length) % tabs.length].focus();
  };
  return jsx("div", { ref: row, role: "tablist", "aria-label": label, className, onKeyDown }, children);
}
