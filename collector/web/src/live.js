// SPDX-License-Identifier: Apache-2.0
// The collector says what changed (GET /api/events), so that pages load it anew. Only while somebody looks:
// a browser has few connections for all its windows. Without it pages still ask every so often.
let source = null;
let lost = false;
let away = true;
const listeners = new Set();

const tell = (change) => listeners.forEach((fn) => fn(change));

function listen() {
  source = new EventSource("/api/events");
  source.addEventListener("incidents", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("error", () => (lost = true));
  source.addEventListener("open", () => {
    if (lost) tell({ ids: [], more: true }); // what was missed meanwhile
    lost = false;
  });
}

function settle() {
  const wanted = !away && !document.hidden;
  if (wanted && !source) {
    listen();
  } else if (!wanted && source) {
    source.close();
    source = null;
    lost = true;
  }
}

document.addEventListener("visibilitychange", settle);

/* While somebody is signed in. */
export function liveFor(person) {
  away = !person;
  if (away) lost = false;
  settle();
}

/* fn({ids, more}); the result ends it. */
export function onLive(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}
