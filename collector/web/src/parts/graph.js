// SPDX-License-Identifier: Apache-2.0
// Who did what with whom: device, program, file, destinations, as far as the alert names them. A picture, and
// the same as a list, for readers and for long names.
import { html } from "htm/preact";
import { t } from "../i18n.js";
import { Panel, Scroll } from "./page.js";

const PLACES_MAX = 6;
const BOX = { width: 158, height: 46, gap: 16, between: 36, margin: 2 };
const FILE_KEYS = ["path", "file", "file_name"];
const HERE = ["device", "host", "agent"];

const first = (facts, keys) => keys.map((k) => facts[k]).find((v) => typeof v === "string" && v !== "");

/* The far ends of flows in the evidence, as seen from `host`. */
function places(data, facts) {
  const found = [];
  const add = (label, note) => {
    if (label && label !== facts.host && !found.some((p) => p.label === label)) found.push({ kind: "place", label, note });
  };
  const port = facts.port ? `:${facts.port}` : "";
  add(data.peer?.label || first(facts, ["site", "domain", "server", "victim", "address"]), port);
  for (const e of data.evidence || []) {
    if (!e || typeof e !== "object" || !e.dst) continue;
    const far = e.src === facts.host || !facts.host ? e.dst : e.src;
    if (far !== facts.server) add(far, e.dport ? `:${e.dport}` : "");
  }
  return found.slice(0, PLACES_MAX);
}

/* {columns: [[node]], links: [[from, to]]}; a node is {kind, label, note}. */
export function graphOf(data) {
  const facts = data.facts || {};
  const subject = data.subject || {};
  const here = HERE.includes(subject.kind)
    ? { kind: "device", label: facts.device || subject.label || subject.id, note: facts.host }
    : facts.device || facts.host
      ? { kind: "device", label: facts.device || facts.host, note: facts.host }
      : null;
  const who = here || { kind: subject.kind || "subject", label: subject.label || subject.id };
  const middle = [];
  if (first(facts, ["program"])) middle.push({ kind: "program", label: facts.program, note: facts.program_path });
  const file = subject.kind === "file" ? subject.label : first(facts, FILE_KEYS);
  if (file) middle.push({ kind: "file", label: file });
  if (here && !HERE.includes(subject.kind) && subject.kind !== "file" && subject.label && subject.label !== here.label)
    middle.push({ kind: subject.kind, label: subject.label });
  const far = places(data, facts).filter((p) => p.label !== who.label && !middle.some((m) => m.label === p.label));
  const links = middle.map((m) => [who, m]);
  const through = middle.find((m) => m.kind === "program") || (middle.length === 1 ? middle[0] : who);
  for (const p of far) links.push([through, p]);
  return { columns: [[who], middle, far].filter((c) => c.length > 0), links };
}

const short = (text, n) => (text.length > n ? `${text.slice(0, n - 1)}…` : text);
const word = (kind) => (t(`kind.${kind}`) === `kind.${kind}` ? kind : t(`kind.${kind}`));

function place(columns) {
  const tallest = Math.max(...columns.map((c) => c.length));
  const height = tallest * (BOX.height + BOX.gap) - BOX.gap + 2 * BOX.margin;
  const at = new Map();
  columns.forEach((column, x) => {
    const own = column.length * (BOX.height + BOX.gap) - BOX.gap;
    column.forEach((node, y) =>
      at.set(node, {
        x: BOX.margin + x * (BOX.width + BOX.between),
        y: (height - own) / 2 + y * (BOX.height + BOX.gap),
      }),
    );
  });
  return { at, height, width: columns.length * (BOX.width + BOX.between) - BOX.between + 2 * BOX.margin };
}

function Picture({ graph }) {
  const { at, width, height } = place(graph.columns);
  return html`<svg class="graph" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path d="M0 0l8 4-8 4z" />
      </marker>
    </defs>
    ${graph.links.map(([from, to]) => {
      const [a, b] = [at.get(from), at.get(to)];
      const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + BOX.height / 2, b.x, b.y + BOX.height / 2];
      const bend = (x2 - x1) / 2;
      return html`<path
        class="link"
        d=${`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 2} ${y2}`}
        marker-end="url(#arrow)"
      />`;
    })}
    ${[...at].map(
      ([node, p]) => html`<g class="node ${node.kind}" transform=${`translate(${p.x} ${p.y})`}>
        <rect width=${BOX.width} height=${BOX.height} rx="8" />
        <text x="12" y="18" class="node-kind">${word(node.kind)}</text>
        <text x="12" y="36">${short(String(node.label), 20)}</text>
      </g>`,
    )}
  </svg>`;
}

export function Graph({ data }) {
  const graph = graphOf(data);
  const nodes = graph.columns.flat();
  if (nodes.length < 2) return null;
  return html`<${Panel} title=${t("graph.title")}>
    <${Scroll} label=${t("graph.title")}><${Picture} graph=${graph} /><//>
    <ul class="graph-list">
      ${nodes.map(
        (n) => html`<li>
          <span>${word(n.kind)}</span> ${n.label}${n.note && n.note !== n.label ? html` <small>${n.note}</small>` : null}
        </li>`,
      )}
    </ul>
  <//>`;
}
