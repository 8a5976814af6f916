// SPDX-License-Identifier: Apache-2.0
// Who is logged in. undefined: not known yet; null: nobody.
import { signal } from "@preact/signals";
import { get, post, setToken, onLoggedOut } from "./api.js";
import { setLanguage, guessLanguage } from "./i18n.js";
import { liveFor } from "./live.js";

export const me = signal(undefined);

function enter(answer) {
  setToken(answer.csrf);
  setLanguage(answer.user.language || guessLanguage());
  me.value = {
    ...answer.user,
    version: answer.version,
    rights: answer.rights || [],
    setUp: answer.set_up, // a second factor, before anything else
    seesAll: answer.sees_all,
    factorRequired: answer.second_factor_required,
    recoveryLeft: answer.recovery_left,
  };
  liveFor(answer.set_up ? null : me.value);
}

function leave() {
  setToken("");
  me.value = null;
  liveFor(null);
}

onLoggedOut(leave);
setLanguage(guessLanguage());

export async function loadMe() {
  try {
    enter(await get("/api/me"));
  } catch {
    leave();
  }
}

export async function login(user, password, code) {
  enter(await post("/api/login", code ? { user, password, code } : { user, password }));
  await loadMe();
}

export async function logout() {
  try {
    await post("/api/logout", {});
  } finally {
    leave();
  }
}

export async function chooseLanguage(language) {
  setLanguage(language);
  me.value = { ...me.value, language };
  await post("/api/me", { language });
}
