// SPDX-License-Identifier: Apache-2.0
// Bundles src/ and writes the table of assets.h: node build.mjs NODE_MODULES OUT.c [FOLDER]
// (FOLDER takes the same files as they are, to look at them with any web server.)
// The output is the same for the same input: no times, no paths.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { leanCss } from "./lean_css.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [modules, target, folder] = process.argv.slice(2).map((p) => resolve(p));
const esbuild = createRequire(join(modules, "build.cjs"))("esbuild");

const css = join(here, "src/css");
const ours = readdirSync(css).map((name) => readFileSync(join(css, name), "utf8")).join("\n");
const lean = {
  name: "lean",
  setup(build) {
    build.onLoad({ filter: /pico\.css$/ }, ({ path }) => ({ contents: leanCss(readFileSync(path, "utf8"), ours), loader: "css" }));
  },
};

/* Templates keep the indentation that they are written with, which means nothing in them. */
const plain = {
  name: "plain",
  setup: (build) =>
    build.onLoad({ filter: /[\\/]src[\\/].*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/\n[ \t]+/g, "\n"),
      loader: "js",
    })),
};

const built = await esbuild.build({
  plugins: [lean, plain],
  absWorkingDir: here,
  nodePaths: [modules],
  entryPoints: { app: "src/main.js", style: "src/style.css" },
  entryNames: "[name]-[hash]",
  splitting: true, // a language, and the library of the charts, come when they are needed
  chunkNames: "[name]-[hash]",
  outdir: join(here, "out"),
  write: false,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2021"],
  charset: "utf8",
  legalComments: "none",
  loader: { ".svg": "text" },
  logLevel: "warning",
});

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 20);
const bundles = built.outputFiles.map((f) => ({
  path: "/" + f.path.split(/[\\/]/).pop(),
  mime: f.path.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8",
  bytes: Buffer.from(f.contents),
  immutable: true,
}));
const named = (start) => bundles.find((b) => b.path.startsWith(start)).path;
const page = readFileSync(join(here, "src/index.html"), "utf8")
  .replace("{{script}}", named("/app-"))
  .replace("{{style}}", named("/style-"));
const text = (path, mime, bytes) => ({ path, mime, bytes: Buffer.from(bytes), immutable: false });
const assets = [
  text("/", "text/html; charset=utf-8", page),
  text("/icon.svg", "image/svg+xml", readFileSync(join(here, "src/icon.svg"))),
  text("/robots.txt", "text/plain; charset=utf-8", "User-agent: *\nDisallow: /\n"),
  ...bundles,
];

const rows = [];
const data = [];
assets.forEach((asset, i) => {
  const packed = gzipSync(asset.bytes, { level: 9 });
  packed[9] = 255; // the system that packed it: unknown
  data.push(`static const uint8_t ASSET_${i}[] = {\n${[...packed].join(",")}};\n`);
  rows.push(
    `    {"${asset.path}", "${asset.mime}", "\\"${hash(asset.bytes)}\\"", ASSET_${i}, ` +
      `sizeof(ASSET_${i}), true, ${asset.immutable}},\n`,
  );
});
writeFileSync(
  target,
  `/* Made by collector/web/build.mjs. */\n#include "collector/web/assets.h"\n\n${data.join("")}\n` +
    `const struct web_asset WEB_ASSETS[] = {\n${rows.join("")}    {0},\n};\n`,
);

if (folder) {
  mkdirSync(folder, { recursive: true });
  for (const asset of assets)
    writeFileSync(join(folder, asset.path === "/" ? "index.html" : asset.path), asset.bytes);
}
