// The whole product from the keyboard: Ctrl or Cmd+K opens a list of pages, flows, contacts and actions; "?" tells the shortcuts of the page;
// "/" goes to its search box. Both lie in the browser's own modal dialogs, which hold the focus and give it back.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { jsx, jsxs } from "@emotion/react/jsx-runtime";

const isTyping = (target) => target?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target?.tagName || "");
const isCovered = () => document.querySelector('[role="dialog"][data-state="open"], [role="alertdialog"][data-state="open"], dialog[open]');
const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

export function CommandPalette({ commands = [], found = [], query = "", shortcuts = [], onSearch }) {
  const palette = useRef(null);
  const help = useRef(null);
  const timer = useRef(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const list = useId();

  const open = () => {
    if (palette.current.open || isCovered()) return;
    setText("");
    setAt(0);
    palette.current.showModal();
  };
  useEffect(() => {
    const onKey = (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (palette.current.open) palette.current.close();
        else open();
      } else if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isCovered()) {
        return;
      } else if (event.key === "?") {
        event.preventDefault();
        help.current.showModal();
      } else if (event.key === "/") {
        const box = document.querySelector('#content input[type="search"]');
        if (!box) return;
        event.preventDefault();
        box.focus();
        box.select();
      }
    };
    const onHelp = () => !isCovered() && help.current.showModal();
    window.addEventListener("keydown", onKey);
    window.addEventListener("af-palette", open);
    window.addEventListener("af-help", onHelp);
    return () => {
      window.removeEventListener("keydown", onKey);
      window.removeEventListener("af-palette", open);
      window.removeEventListener("af-help", onHelp);
      clearTimeout(timer.current);
    };
  }, []);

  const shown = useMemo(() => {
    const wanted = words(text);
    const fits = commands.filter((c) => wanted.every((w) => `${c.label} ${c.group} ${c.keywords}`.toLowerCase().includes(w)));
    return [...fits, ...(text.trim() && query === text.trim() ? found : [])];
  }, [commands, found, query, text]);
  const place = Math.min(at, shown.length - 1);

  const type = (value) => {
    setText(value);
    setAt(0);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch?.(value.trim()), 180);
  };
  const closed = () => {
    clearTimeout(timer.current);
    if (query) onSearch?.(""); // what was found may be people; it is not kept
  };
  const go = (item) => {
    if (!item) return;
    palette.current.close();
    if (item.href === "sign-out") window.afSignOut();
    else navigate(item.href);
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      setAt((place + step + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(shown[place]);
    }
  };
  useEffect(() => {
    document.getElementById(`${list}-${place}`)?.scrollIntoView({ block: "nearest" });
  }, [place, text]);
  const outside = (dialog) => (event) => event.target === dialog.current && dialog.current.close();

  const option = (item, index) =>
    jsxs("li", {
      key: `${item.group} ${item.href} ${item.label}`,
      id: `${list}-${index}`,
      role: "option",
      "aria-selected": index === place,
      onClick: () => go(item),
      onMouseMove: () => setAt(index),
      children: [jsx("span", { children: item.label }), jsx("small", { children: item.detail || item.group })],
    });
  const searching = text.trim().length > 1 && query !== text.trim();
  const state = searching ? "Searching…" : shown.length ? `${shown.length} results` : "Nothing fits.";
  return jsxs("div", {
    children: [
      jsxs("dialog", {
        ref: palette,
        className: "af-palette",
        "aria-label": "Go to or do",
        onClick: outside(palette),
        onClose: closed,
        children: [
          jsx("input", {
            type: "text",
            role: "combobox",
            autoFocus: true,
            autoComplete: "off",
            spellCheck: false,
            maxLength: 200,
            "aria-label": "Pages, flows, contacts, actions",
            "aria-expanded": true,
            "aria-controls": list,
            "aria-activedescendant": place >= 0 ? `${list}-${place}` : undefined,
            placeholder: "Go to a page, a flow, a contact…",
            value: text,
            onChange: (event) => type(event.target.value),
            onKeyDown,
          }),
          jsx("ul", { id: list, role: "listbox", "aria-label": "Results", tabIndex: -1, children: shown.map(option) }),
          jsx("p", { role: "status", className: shown.length && !searching ? "af-hidden" : "af-palette-state", children: state }),
        ],
      }),
      jsxs("dialog", {
        ref: help,
        className: "af-palette af-shortcuts",
        "aria-label": "Keyboard shortcuts",
        onClick: outside(help),
        children: [
          jsx("h2", { children: "Keyboard shortcuts" }),
          jsx("dl", {
            children: shortcuts.map(({ keys, text: what }) =>
              jsxs("div", { key: keys, children: [jsx("dt", { children: jsx("kbd", { children: keys }) }), jsx("dd", { children: what })] }),
            ),
          }),
          jsx("form", { method: "dialog", children: jsx("button", { autoFocus: true, children: "Close" }) }),
        ],
      }),
    ],
  });
}
