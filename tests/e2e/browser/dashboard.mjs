// SPDX-License-Identifier: Apache-2.0
// One visit to the dashboard; prints what was seen as JSON. node dashboard.mjs URL USER PASSWORD
import { accessibility, context, launch, quiet } from "./browser.mjs";

const [url, user, password] = process.argv.slice(2);
const seen = { violations: {}, requests: [], errors: [], overflow: [] };
const browser = await launch();
const page = await (await context(browser)).newPage();
page.setDefaultTimeout(15000);
page.on("request", (r) => r.url().startsWith("data:") || seen.requests.push(new URL(r.url()).origin));
page.on("pageerror", (e) => seen.errors.push(String(e)));
page.on("console", (m) => {
  // a 401 is how the collector says that nobody is logged in
  if (m.type() === "error" && !m.text().includes("401")) seen.errors.push(m.text());
});

async function look(name) {
  seen.violations[name] = await accessibility(page);
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
      seen.overflow.push(`${name} at ${width}`);
  }
  return (await page.locator("main").innerText()).replaceAll("\u00a0", " ");
}

await page.goto(url);
await page.locator("form input[name=user]").fill(user);
await page.locator("input[name=password]").fill("not this one");
await page.locator("button[type=submit]").click();
seen.refused = await page.locator("[role=alert]").innerText();
await look("login");
await page.locator("input[name=password]").fill(password);
await page.locator("button[type=submit]").click();
await page.locator(".tiles").waitFor();
await quiet(page);
seen.overview = await look("overview");
seen.bars = await page.locator(".chart canvas").count();

await page.locator("nav a", { hasText: "Incidentes" }).click();
await page.locator("a.incident").first().waitFor();
seen.incidents = await look("incidents");
seen.titles = await page.locator(".incident-title").allInnerTexts();
await page.locator("input[type=search]").fill("nothing has this text");
await page.locator(".empty").waitFor();
seen.nothing = await page.locator(".empty").innerText();
await page.locator("input[type=search]").fill("");
await page.locator("a.incident").first().waitFor();
await page.locator("h1").focus();
await page.keyboard.press("j");
await page.keyboard.press("j");
await page.keyboard.press("k");
await page.keyboard.press("Enter");
await page.locator(".message").waitFor();
seen.incident = await look("incident");
seen.focused = await page.evaluate(() => document.activeElement.tagName);

await page.keyboard.press("e");
seen.form = await page.evaluate(() => document.activeElement.name);
await page.locator("select[name=state]").selectOption("in_progress");
await page.locator("textarea[name=note]").fill("<b>Cable desconectado</b>");
await page.locator(".change button[type=submit]").click();
await page.locator(".told.saved").waitFor();
await page.locator(".timeline blockquote").waitFor();
seen.changed = await look("changed");

await page.locator("button[lang=en]").click();
await page.locator("h2", { hasText: "What happened" }).waitFor();
await quiet(page);
await page.waitForFunction(() => document.querySelector("select[name=state]").value === "in_progress");
seen.english = await look("english");
seen.language = await page.evaluate(() => document.documentElement.lang);
await page.reload();
await page.locator("h2", { hasText: "What happened" }).waitFor(); // the choice was kept

await page.locator("nav a", { hasText: "Agents" }).click();
await page.locator("table.cards").waitFor();
seen.agents = await look("agents");
await page.emulateMedia({ colorScheme: "dark" });
// Colours fade over: what counts is where they arrive.
await page.waitForFunction(() => document.getAnimations().length > 0, null, { timeout: 1000 }).catch(() => {});
await page.evaluate(() => Promise.allSettled(document.getAnimations().map((a) => a.finished)));
seen.violations.dark = await accessibility(page);

await page.locator(".who button").click();
await page.locator("input[name=password]").waitFor();
await page.goto(`${url}/#/agents`);
await page.locator("input[name=password]").waitFor(); // signed out is signed out
await browser.close();
seen.requests = [...new Set(seen.requests)];
console.log(JSON.stringify(seen));
