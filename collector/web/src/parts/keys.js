// SPDX-License-Identifier: Apache-2.0
// Keys of one letter, while nobody writes; and the page that lists them.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n.js";
import { go } from "../router.js";

const WRITING = /^(INPUT|SELECT|TEXTAREA)$/;
const writes = (node) => WRITING.test(node.tagName) && node.type !== "checkbox";

/* keys: {j: fn, ...}; fn returns false where the key is not for it. */
export function useKeys(keys) {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (writes(event.target) && event.key !== "Escape") return;
      if (document.querySelector("dialog[open]")) return;
      const act = latest.current[event.key];
      if (act && act(event) !== false) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const HELP = [
  ["j", "k"],
  ["Enter"],
  ["x"],
  ["X"],
  ["a"],
  ["e"],
  ["Esc"],
  ["/"],
  ["?"],
];

function toSearch() {
  const box = document.querySelector("input[type=search]");
  if (box) box.select();
  else go(["incidents"], { find: "1" });
}

export function KeyHelp() {
  const dialog = useRef(null);
  useKeys({ "?": () => dialog.current.showModal(), "/": toSearch });
  return html`<dialog class="help" ref=${dialog} aria-labelledby="keys-title">
    <article>
      <h2 id="keys-title">${t("keys.title")}</h2>
      <dl class="keys-list">
        ${HELP.map(
          (keys) => html`<div>
            <dt>${keys.map((k) => html`<kbd>${k}</kbd> `)}</dt>
            <dd>${t(`keys.${keys[0]}`)}</dd>
          </div>`,
        )}
      </dl>
      <button type="button" class="small" onClick=${() => dialog.current.close()}>${t("keys.close")}</button>
    </article>
  </dialog>`;
}
