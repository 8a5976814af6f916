// SPDX-License-Identifier: Apache-2.0
// Leaves out of Pico's style sheet what no page of ours has: selectors of elements and roles that we do not
// use, then variables that nothing reads. What is left is Pico's own, rule by rule.
const UNUSED = [
  /data-tooltip/, /dropdown/, /dialog/, /\[role="?search/, /\[role="?switch/, /breadcrumb/, /type="?range/, /type="?color/,
  /type="?file/, /type="?date/, /type="?month/, /type="?week/, /type="?reset/, /type="?image/, /\.secondary/, /\.contrast/, /\.overflow-auto/,
  /\.container/, /\.grid/, /\.striped/, /\bkbd\b/, /\bfigure\b/, /figcaption/, /\bhgroup\b/, /\biframe\b/, /\bvideo\b/, /\baudio\b/,
  /\barticle\b/, /\bsamp\b/, /\bmark\b/, /\bins\b/, /\bdel\b/, /\babbr\b/, /\[rel=/, /aria-busy/, /-ms-/, /modal/, /\[data-theme="?dark/,
  /type="?radio/, /optgroup/, /\[role="?group/, /aria-invalid="?false/, /\btfoot\b/, /aria-disabled/, /multiple\]:not/,
];

/* Splits at `mark` outside of brackets. */
function split(text, mark) {
  const parts = [""];
  let depth = 0;
  for (const c of text) {
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    if (c === mark && depth === 0) parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts;
}

/* [head, body] of each rule of a sheet without comments. */
function rules(css) {
  const found = [];
  for (let at = 0; ; ) {
    const open = css.indexOf("{", at);
    if (open < 0) return found;
    let end = open + 1;
    for (let depth = 1; depth > 0 && end < css.length; end++) depth += css[end] === "{" ? 1 : css[end] === "}" ? -1 : 0;
    found.push([css.slice(at, open).trim(), css.slice(open + 1, end - 1)]);
    at = end;
  }
}

/* A part of :is(...) or :where(...) that is unused goes; :not(...) stays, as it only narrows. */
const bare = (selector) => selector.replace(/:not\((?:[^()]|\([^()]*\))*\)/g, "").replace(/:(is|where)\((?:[^()]|\([^()]*\))*\)/g, "");
const used = (selector) => !UNUSED.some((u) => u.test(bare(selector)));

function prune(css) {
  return rules(css)
    .map(([head, body]) => {
      if (head.startsWith("@keyframes")) return "";
      if (head.startsWith("@media") || head.startsWith("@supports")) {
        const inner = prune(body);
        return inner && `${head}{${inner}}`;
      }
      const selectors = split(head.replace(/^@charset[^;]*;/, ""), ",").map((s) => s.trim()).filter(used);
      return selectors.length && body.trim() ? `${selectors.join(",")}{${body}}` : "";
    })
    .join("\n");
}

/* `ours`: the sheets that may read Pico's variables. */
export function leanCss(css, ours) {
  let lean = prune(css.replace(/\/\*[\s\S]*?\*\//g, "").replace(/@charset[^;]*;/, ""));
  for (let before = 0; before !== lean.length; ) {
    before = lean.length;
    const read = new Set([...`${lean}${ours}`.matchAll(/var\((--[\w-]+)/g)].map((m) => m[1]));
    lean = lean.replace(/(^|[{;])\s*(--pico-[\w-]+)\s*:(?:"[^"]*"|'[^']*'|[^;{}"'])*(?=[;}]|$)/g, (all, start, name) => (read.has(name) ? all : start));
    lean = lean.replace(/;{2,}/g, ";").replace(/\{;/g, "{");
  }
  return lean;
}
