// The sign-in and set-up forms. They post to the REST app by fetch, because only an HTTP answer can set an HttpOnly cookie, then load the
// next page in full, so that the event socket opens anew with the new cookie.
import { useState } from "react";

const safe = (path) => (path && /^\/(?![/\\])/.test(path) ? path : "/dashboard");

export function DoorForm({ endpoint, fields = [], submit, zone = false }) {
  const [problems, setProblems] = useState({});
  const [busy, setBusy] = useState(false);

  const onSubmit = async (event) => {
    event.preventDefault();
    const body = Object.fromEntries(new FormData(event.currentTarget));
    if (zone) body.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    setBusy(true);
    setProblems({});
    try {
      const answer = await fetch(endpoint, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-Requested-With": "autoflows" },
        body: JSON.stringify(body),
      });
      if (answer.ok) {
        sessionStorage.clear();
        window.location.assign(safe(new URLSearchParams(window.location.search).get("next")));
        return;
      }
      const problem = await answer.json();
      const found = Object.fromEntries((problem.errors || []).map((e) => [e.pointer.replace(/^\//, ""), e.detail]));
      const named = fields.some((f) => found[f.name]);
      setProblems({ ...found, "": named ? "" : problem.detail });
    } catch {
      setProblems({ "": "The server did not answer. Check the connection and try again." });
    }
    setBusy(false);
  };

  return (
    <form className="af-form" onSubmit={onSubmit} noValidate={false}>
      {fields.map((f) => (
        <div className="af-field" key={f.name}>
          <label htmlFor={f.name}>{f.label}</label>
          <input
            className="af-input"
            id={f.name}
            name={f.name}
            type={f.type}
            autoComplete={f.autocomplete}
            required={f.required !== false}
            minLength={f.min_length || undefined}
            aria-invalid={problems[f.name] ? "true" : undefined}
            aria-describedby={`${f.name}-note`}
          />
          <div id={`${f.name}-note`} className={problems[f.name] ? "af-field-error" : "af-help"} role={problems[f.name] ? "alert" : undefined}>
            {problems[f.name] || f.help || ""}
          </div>
        </div>
      ))}
      {problems[""] ? (
        <div className="af-note af-note-red" role="alert">
          {problems[""]}
        </div>
      ) : null}
      <button className="af-submit" type="submit" disabled={busy}>
        {busy ? "One moment…" : submit}
      </button>
    </form>
  );
}

export function ZoneOptions({ id }) {
  const zones = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return (
    <datalist id={id}>
      {zones.map((zone) => (
        <option key={zone} value={zone} />
      ))}
    </datalist>
  );
}
