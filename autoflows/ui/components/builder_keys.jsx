// The keyboard of the flow builder, the sign of life of an open editor, and the focus that follows an edit. Draws nothing.
import { useEffect, useRef } from "react";

const TYPING = "input, textarea, select, [contenteditable=true]";
const FIELD = "#inspector :is(input:not([type=checkbox]), textarea)";
const LAYER = "dialog[open], [role=dialog], [role=alertdialog], [role=menu], [role=listbox]";
const BEAT_MS = 10_000;
const FOCUS_MS = 1500;

const stops = () => [...document.querySelectorAll("[data-stop]")].filter((e) => e.offsetParent);

function walk(by) {
  const all = stops();
  const here = all.indexOf(document.activeElement);
  const next = all[here < 0 ? 0 : Math.min(Math.max(here + by, 0), all.length - 1)];
  if (!next || next === document.activeElement) return;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  next.click();
}

const isLayered = () => [...document.querySelectorAll(LAYER)].some((e) => e.getClientRects().length > 0);

// The element may not be there yet: the change that brings it is on its way. And a dialog that closes gives the focus back to where it
// was, once it has faded out; only then is it ours.
function focusSoon(id) {
  const until = performance.now() + FOCUS_MS;
  const attempt = () => {
    const found = document.getElementById(id);
    if (found && found.offsetParent && !isLayered()) {
      found.scrollIntoView({ block: "center" });
      const target = found.matches("button, input, textarea, a[href], [tabindex]") ? found : found.querySelector("button, input, textarea, a[href]");
      (target || found).focus();
    } else if (performance.now() < until) requestAnimationFrame(attempt);
  };
  const begin = () => {
    if (isLayered() && performance.now() < until) requestAnimationFrame(begin);
    else setTimeout(attempt, 60);
  };
  requestAnimationFrame(begin);
}

// What is being typed is sent when its field is left, so until then only the browser has it.
function isTyping() {
  const field = document.activeElement;
  return field?.matches?.(FIELD) && field.value !== field.defaultValue;
}

// A connection that died without a word swallows what was sent until that is noticed. What still stands in a field is sent again; where it
// had arrived, that changes nothing.
function sendAgain() {
  for (const field of document.querySelectorAll(FIELD))
    if (field.value !== field.defaultValue && field !== document.activeElement) field.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
}

export function BuilderKeys({ focus = "", focusTurn = 0, rejoined = 0, draftId = "", flowId = "", dirty = false, canEdit = false, onPress, onBeat, onLeave }) {
  const latest = useRef({});
  latest.current = { onPress, onBeat, onLeave, draftId, flowId, dirty, canEdit };

  useEffect(() => {
    if (focusTurn > 0 && focus) focusSoon(focus);
  }, [focusTurn]);

  const joined = useRef(rejoined);
  useEffect(() => {
    if (rejoined !== joined.current) sendAgain();
    joined.current = rejoined;
  }, [rejoined]);

  useEffect(() => {
    const press = (event, name) => {
      event.preventDefault();
      event.stopPropagation();
      latest.current.onPress?.(name);
    };
    const down = (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : document.body;
      const layered = isLayered();
      const command = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      if (command && key === "s") {
        if (layered) return event.preventDefault(); // not the browser's own
        document.activeElement?.blur?.(); // what is being typed counts
        return press(event, "publish");
      }
      if (layered) return;
      const inPanel = target.closest("#inspector");
      if (event.key === "Escape" && (inPanel || target.closest(TYPING))) {
        const card = document.querySelector("[data-stop][aria-pressed=true]");
        return card ? card.focus() : inPanel && press(event, "escape");
      }
      if (target.closest(TYPING)) return;
      if (command && (key === "z" || key === "y")) return press(event, key === "y" || event.shiftKey ? "redo" : "undo");
      if (command || event.altKey) return;
      const onCard = target.matches("[data-stop]");
      if (event.key === "Escape") return press(event, "escape");
      if (target !== document.body && !onCard) return;
      if (latest.current.canEdit && event.key === "Tab" && onCard && !event.shiftKey) return press(event, "add");
      if (latest.current.canEdit && (event.key === "Delete" || event.key === "Backspace")) return press(event, "remove");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        return walk(event.key === "ArrowDown" ? 1 : -1);
      }
      if (event.key === "Enter" && onCard) {
        event.preventDefault();
        target.click();
        setTimeout(() => document.querySelector("#inspector :is(input, textarea, [role=combobox], button):not([data-close], :disabled)")?.focus(), 120);
      }
    };
    const closing = (event) => {
      if (!latest.current.dirty && !isTyping()) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // who stays keeps the connection, which is closed for who leaves
    };
    window.addEventListener("keydown", down);
    window.addEventListener("beforeunload", closing, true);
    const beat = setInterval(() => document.visibilityState === "visible" && latest.current.onBeat?.(), BEAT_MS);
    return () => {
      window.removeEventListener("keydown", down);
      window.removeEventListener("beforeunload", closing, true);
      clearInterval(beat);
      latest.current.onLeave?.(latest.current.draftId, latest.current.flowId);
    };
  }, []);
  return null;
}
