// SPDX-License-Identifier: Apache-2.0
// The collector's API (collector/API.md): JSON both ways, one error type.
let token = "";
let loggedOut = () => {};

export const setToken = (value) => (token = value || "");
export const onLoggedOut = (fn) => (loggedOut = fn);

export class ApiError extends Error {
  constructor(status, word, retryAfter) {
    super(word);
    this.status = status; // 0: no answer
    this.retryAfter = retryAfter;
  }
}

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(body ? { "Content-Type": "application/json", "X-CSRF-Token": token } : {}),
      },
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    throw new ApiError(0, "offline");
  }
  const data = await answer.json().catch(() => ({}));
  if (answer.ok) return data;
  if (answer.status === 401 && path !== "/api/login") loggedOut();
  throw new ApiError(answer.status, data.error || "error", Number(answer.headers.get("Retry-After")));
}

export const get = (path, query) => {
  const pairs = Object.entries(query || {}).filter(([, v]) => v !== "" && v != null);
  return call("GET", pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path);
};
export const post = (path, body) => call("POST", path, body);
