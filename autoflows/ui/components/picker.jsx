// Chooses one of an account's items: a button that opens a list with a search field. Keyboard: arrows, enter, escape.
import { useEffect, useId, useRef, useState } from "react";

const SHOWN = 100;

export function Picker({ id, label = "", value = "", options = [], placeholder = "Choose…", none = "", onChoose }) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const root = useRef(null);
  const button = useRef(null);
  const list = useId();

  const all = none ? [{ value: "", label: none, note: "" }, ...options] : options;
  const wanted = search.trim().toLowerCase();
  const found = all.filter((o) => `${o.label} ${o.note}`.toLowerCase().includes(wanted)).slice(0, SHOWN);
  const chosen = all.find((o) => o.value === value);

  useEffect(() => {
    if (!open) return undefined;
    const outside = (event) => root.current?.contains(event.target) || setOpen(false);
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  const show = () => {
    setSearch("");
    setActive(Math.max(all.findIndex((o) => o.value === value), 0));
    setOpen(true);
  };
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const choose = (option) => {
    close();
    if (option && option.value !== value) onChoose?.(option.value || "none");
  };
  const keys = (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter") choose(found[active]);
    else if (event.key === "ArrowDown") setActive(Math.min(active + 1, found.length - 1));
    else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
    else if (event.key === "Tab") return setOpen(false);
    else return undefined;
    event.preventDefault();
    event.stopPropagation();
    event.nativeEvent.stopImmediatePropagation();
    return undefined;
  };
  const text = chosen ? chosen.label : value ? "Not there any more: choose another" : placeholder;
  return (
    <div className="af-picker" ref={root}>
      <button
        type="button"
        id={id}
        ref={button}
        role="combobox"
        aria-label={label}
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-controls={open ? list : undefined}
        className="af-picker-button"
        onClick={() => (open ? close() : show())}
      >
        <span className={chosen ? "" : value ? "af-warn" : "af-muted"}>
          {text}
          {chosen?.note ? <span className="af-warn"> · {chosen.note}</span> : null}
        </span>
        <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path d="M2 4l4 4 4-4" fill="none" stroke="currentColor" strokeWidth="1.3" /></svg>
      </button>
      {open ? (
        <div className="af-picker-panel">
          <input
            autoFocus
            value={search}
            maxLength={100}
            placeholder="Search"
            aria-label={`Search ${label}`}
            aria-activedescendant={found[active] ? `${list}-${active}` : undefined}
            onChange={(event) => {
              setSearch(event.target.value);
              setActive(0);
            }}
            onKeyDown={keys}
          />
          <ul role="listbox" id={list} aria-label={label}>
            {found.map((option, n) => (
              <li
                key={option.value || "none"}
                id={`${list}-${n}`}
                role="option"
                aria-selected={option.value === value}
                data-active={n === active || undefined}
                onPointerMove={() => setActive(n)}
                onClick={() => choose(option)}
              >
                {option.value ? <span className={option.note ? "af-picker-dot af-picker-ill" : "af-picker-dot"} aria-hidden="true" /> : null}
                <span>
                  {option.label}
                  {option.note ? <span className="af-warn"> · {option.note}</span> : null}
                </span>
              </li>
            ))}
          </ul>
          {found.length === 0 ? <p className="af-help">Nothing is called that.</p> : null}
        </div>
      ) : null}
    </div>
  );
}
