// Signing in and out by the REST app, because only an answer to an HTTP request can set an HttpOnly cookie. A full page load follows, so
// that the event socket opens anew with the new cookie.
window.afPost = async (path, body) => {
  const answer = await fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-Requested-With": "autoflows" },
    body: JSON.stringify(body ?? {}),
  });
  let problem = null;
  if (!answer.ok) {
    problem = await answer.json().catch(() => ({ detail: "The server did not answer as expected. Please try again." }));
  }
  return { ok: answer.ok, problem };
};
window.afSignOut = async () => {
  await window.afPost("/api/logout");
  sessionStorage.clear();
  window.location.assign("/login");
};
