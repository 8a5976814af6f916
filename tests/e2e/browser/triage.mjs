// SPDX-License-Identifier: Apache-2.0
// Twenty incidents by keyboard alone, and the pages of triage; prints what was seen as JSON.
// node triage.mjs URL USER PASSWORD
import { accessibility, context, launch, signIn } from "./browser.mjs";

const [url, user, password] = process.argv.slice(2);
const seen = { violations: {}, errors: [], overflow: [] };
const browser = await launch();
const page = await (await context(browser)).newPage();
page.setDefaultTimeout(15000);
page.on("pageerror", (e) => seen.errors.push(String(e)));
page.on("console", (m) => {
  if (m.type() === "error" && !m.text().includes("401")) seen.errors.push(m.text());
});
const keys = async (...all) => {
  for (const key of all) await page.keyboard.press(key);
};
const words = async (place) => (await page.locator(place).allInnerTexts()).map((w) => w.replaceAll("\u00a0", " "));
const active = (what) => page.evaluate(what);
const rows = (n) => page.waitForFunction((n) => document.querySelectorAll("a.incident").length === n, n);

async function look(name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(400); // colours fade over: what counts is where they arrive
    seen.violations[`${name} ${colorScheme}`] = await accessibility(page);
  }
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
      seen.overflow.push(`${name} at ${width}`);
  }
}

await signIn(page, url, user, password);
await page.locator("nav a", { hasText: "Incidentes" }).focus();
await keys("Enter");
await rows(20);

// No pointer from here on. Five to me; ten are false; the rest one after the other.
for (let i = 0; i < 5; i++) await keys("j", "x");
await keys("a");
await page.locator("p.told", { hasText: "5 incidentes cambiados" }).waitFor();
await page.locator(".who-has").nth(4).waitFor();
seen.mine = (await words(".who-has")).length;
await page.locator("h1").focus();
for (let i = 0; i < 10; i++) await keys("j", "x");
seen.selected = (await words(".bulk-count"))[0];
await look("selected");
await keys("e");
seen.bulkFocus = await active(() => document.activeElement.name);
await page.keyboard.type("Resuelto: falsa"); // chooses by its beginning, as a browser does
await keys("Tab", "Tab");
await page.keyboard.type("Prueba del proveedor");
await keys("Enter");
await rows(10);
seen.told = (await words("p.told"))[0];
await page.waitForFunction(() => document.activeElement.matches("a.incident"));
for (let left = 10; left > 8; left--) {
  await keys("k", "k", "k", "k", "k", "k", "k", "k", "k", "k", "e");
  await page.waitForFunction(() => document.activeElement.name === "bulk-state");
  await page.keyboard.type("Resuelto: fue");
  await keys("Tab", "Tab", "Enter");
  await rows(left - 1);
  await page.waitForFunction(() => document.activeElement.matches("a.incident"));
}
await keys("X"); // all that are left
await keys("e");
await page.waitForFunction(() => document.activeElement.name === "bulk-state");
await page.keyboard.type("Resuelto: era");
await keys("Tab", "Tab", "Enter");
await page.locator(".empty").waitFor();
seen.calm = (await words(".empty-title"))[0];

// Help, search, an incident.
await keys("?");
await page.locator("dialog[open]").waitFor();
await look("help");
await keys("Escape");
await keys("/");
seen.searchFocus = await active(() => document.activeElement.type);
await page.keyboard.type('estado:falsa "prueba del proveedor" asignado:nadie');
await rows(10).catch(() => {});
seen.found = await page.locator("a.incident").count();
await page.keyboard.press("Escape");
await page.locator("h1").focus();
await keys("j", "Enter");
await page.locator(".message").waitFor();
await keys("a");
await page.locator(".told.saved").waitFor();
seen.history = await words(".timeline.plain li");
await look("incident");

// A view, live news, an exception and the noise.
await page.goto(`${url}/#/incidents?severity=high&state=all`);
await page.locator("button", { hasText: "Guardar esta vista" }).click();
await page.locator("input[name=view]").fill("Graves");
await look("save");
await page.locator(".view-form button[type=submit]").click();
await page.locator(".view.here").waitFor();
seen.views = await words(".view a");
await page.goto(`${url}/#/exceptions`);
await page.locator("table.cards").waitFor();
await look("exceptions");
seen.exceptions = (await words("table.cards tbody tr"))[0];
await page.locator(".by-hand summary").click();
await page.locator(".by-hand select").first().selectOption({ index: 1 });
await page.locator(".by-hand input[name=detector]").fill("net.dga");
await page.locator(".by-hand input[name=peer]").fill("10.0.0.9");
await look("by hand");
await page.locator(".by-hand button[type=submit]").click();
await page.locator("table.cards tbody tr").nth(1).waitFor();
seen.byHand = (await words("table.cards tbody tr"))[0];
await page.locator("td.act button").first().click();
await page.locator(".sure button.danger").click();
await page.locator("table.cards tbody tr").nth(1).waitFor({ state: "detached" });
await page.locator("td.act button").click();
await page.locator(".sure button.danger").click();
await page.locator(".empty").waitFor();
await page.goto(`${url}/#/noise`);
await page.locator(".noise button").first().click();
await page.locator(".noise-one button").first().click();
await look("noise");
seen.noise = (await words(".noise"))[0];
await page.locator(".exception-form input[name=why]").fill("Prueba");
await page.locator(".exception-form button[type=submit]").click();
await page.locator(".noise-about .told", { hasText: "Excepción creada" }).waitFor();
await page.locator("button[lang=en]").click();
await page.locator("h1", { hasText: "Noisiest" }).waitFor();

await page.goto(`${url}/#/incidents`);
await page.locator(".empty").waitFor();
console.log(JSON.stringify({ waiting: true }));
await page.locator("a.incident").waitFor({ timeout: 30000 }); // shipped now: nobody loads the page anew
seen.live = (await words(".incident-title"))[0];
await browser.close();
console.log(JSON.stringify(seen));
