// SPDX-License-Identifier: Apache-2.0
// Addresses are in the fragment: #/incidents/ID?state=open. The server needs to know only `/`.
import { signal } from "@preact/signals";

function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  return {
    path: path.split("/").filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(query || "")),
  };
}

function readSafely() {
  try {
    return read();
  } catch {
    return { path: ["?"], query: {} }; // an address with broken escapes
  }
}

export const route = signal(readSafely());
addEventListener("hashchange", () => (route.value = readSafely()));

export function address(path, query) {
  const pairs = Object.entries(query || {}).filter(([, v]) => v !== "" && v != null);
  const tail = pairs.length ? `?${new URLSearchParams(pairs)}` : "";
  return `#/${path.map(encodeURIComponent).join("/")}${tail}`;
}

export const go = (path, query) => (location.hash = address(path, query));

/* Changes the query without a step in the history. */
export function setQuery(query) {
  history.replaceState(null, "", address(route.value.path, query));
  route.value = readSafely();
}
