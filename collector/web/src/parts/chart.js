// SPDX-License-Identifier: Apache-2.0
// Incidents by day, stacked by severity. The table beside it says the same in words, so the picture
// itself is hidden from readers of the screen.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { dayName } from "../time.js";
import { count, language } from "../i18n.js";
import { SEVERITIES } from "./severity.js";

let library = null; // comes with the first chart

/* Draws what make(uPlot, width) says, [options, data], into the place: again at another width or theme. Without
 * the library the table beside it has to do. */
function usePlot(place, make, deps) {
  useEffect(() => {
    const node = place.current; // the reference is gone before the observer is
    let plot = null;
    let draw = null;
    const watch = new ResizeObserver(() => draw && draw());
    library ||= import("uplot").then((m) => m.default);
    library.then(
      (uPlot) => {
        if (draw === false) return; // the page is gone
        draw = () => {
          if (plot) plot.destroy();
          const [options, data] = make(uPlot, node.clientWidth);
          plot = new uPlot(options, data, node);
        };
        watch.observe(node);
        dark.addEventListener("change", draw);
      },
      () => (library = null),
    );
    return () => {
      watch.disconnect();
      if (draw) dark.removeEventListener("change", draw);
      draw = false;
      if (plot) plot.destroy();
    };
  }, deps);
}

const HEIGHT = 220;
const dark = matchMedia("(prefers-color-scheme: dark)");

/* uPlot draws each series from the base line: the tallest first, so that sums stand behind. */
function stacked(days) {
  const sums = days.map(() => 0);
  const rows = [...SEVERITIES].reverse().map((severity) => ({
    severity,
    values: days.map((day, i) => (sums[i] += day[severity] || 0)),
  }));
  return rows.reverse();
}

function options(uPlot, width, days, rows) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const bars = uPlot.paths.bars({ size: [0.72, 26], radius: 0.12 });
  const axis = { stroke: color("--muted"), font: "12px system-ui, sans-serif" };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 20, 0, 0],
    scales: {
      x: { time: false, range: [-0.6, days.length - 0.4] },
      y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.1))] },
    },
    series: [
      {},
      ...rows.map(({ severity }) => ({
        fill: color(`--chart-${severity}`),
        width: 0,
        paths: bars,
        points: { show: false },
      })),
    ],
    axes: [
      {
        ...axis,
        size: 28,
        grid: { show: false },
        ticks: { show: false },
        splits: () => ticks(days.length, width),
        values: (_, at) => at.map((i) => dayName(days[i].day)),
      },
      {
        ...axis,
        size: 36,
        grid: { stroke: color("--line"), width: 1 },
        ticks: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000],
        values: (_, at) => at.map(count),
      },
    ],
  };
}

/* The last day is always named; the others as there is room. */
function ticks(n, width) {
  const step = Math.max(1, Math.ceil(n / Math.max(2, Math.floor(width / 84))));
  const at = [];
  for (let i = n - 1; i >= 0; i -= step) at.unshift(i);
  return at;
}

export function DaysChart({ days }) {
  const place = useRef(null);
  usePlot(
    place,
    (uPlot, width) => {
      const rows = stacked(days);
      return [options(uPlot, width, days, rows), [days.map((_, i) => i), ...rows.map((r) => r.values)]];
    },
    [days, language.value],
  );
  return html`<div class="chart" ref=${place} aria-hidden="true"></div>`;
}

/* Values by the hour against the band of what is usual, and marks where something happened.
 * marks: [{at: ms, severity}]. The table beside it says the same in words. */
const BAND_HEIGHT = 200;

function bandOptions(uPlot, width, data, marks, format, zone) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--muted"), font: "12px system-ui, sans-serif" };
  const hidden = { stroke: "transparent", points: { show: false } };
  const draw = (u) => {
    for (const mark of marks) {
      const x = u.valToPos(mark.at / 1000, "x", true);
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
      u.ctx.fillStyle = color(`--chart-${mark.severity}`);
      u.ctx.fillRect(x - devicePixelRatio, u.bbox.top, 2 * devicePixelRatio, u.bbox.height);
      u.ctx.beginPath();
      u.ctx.arc(x, u.bbox.top + 5 * devicePixelRatio, 5 * devicePixelRatio, 0, 2 * Math.PI);
      u.ctx.fill();
    }
  };
  return {
    width,
    height: BAND_HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 12, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] } },
    series: [
      {},
      hidden,
      hidden,
      { stroke: color("--brand"), width: 2, points: { show: false }, spanGaps: false },
    ],
    bands: [{ series: [2, 1], fill: color("--band") }],
    hooks: { draw: [draw] },
    axes: [
      {
        ...axis,
        size: 28,
        grid: { show: false },
        ticks: { show: false },
        incrs: [86400, 172800],
        values: (_, at) =>
          at.map((s) =>
            new Intl.DateTimeFormat(language.value, { weekday: "short", day: "numeric", timeZone: zone }).format(
              new Date(s * 1000),
            ),
          ),
      },
      {
        ...axis,
        size: 64,
        grid: { stroke: color("--line"), width: 1 },
        ticks: { show: false },
        values: (_, at) => at.map(format),
      },
    ],
  };
}

export function BandChart({ from, kind, marks, format, zone }) {
  const place = useRef(null);
  usePlot(
    place,
    (uPlot, width) => {
      const start = new Date(from).getTime() / 1000;
      const data = [kind.values.map((_, i) => start + i * 3600), kind.low, kind.high, kind.values];
      return [bandOptions(uPlot, width, data, marks, format, zone), data];
    },
    [kind, marks, language.value],
  );
  return html`<div class="chart band" ref=${place} aria-hidden="true"></div>`;
}
