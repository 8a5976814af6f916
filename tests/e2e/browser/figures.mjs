// SPDX-License-Identifier: Apache-2.0
// A shop with figures and an incident; prints what was seen as JSON. node figures.mjs URL USER PASSWORD [FOLDER]
import { context, launch, looker, signIn } from "./browser.mjs";

const [url, user, password, pictures] = process.argv.slice(2);
const browser = await launch();
const page = await (await context(browser)).newPage();
const { seen, look, dark } = looker(page, pictures);

await signIn(page, url, user, password);
await page.locator(".turned-away").waitFor();
await look("overview");
await page.locator("nav a", { hasText: "Tiendas" }).click();
await page.locator("a.row").first().click();
await page.locator(".figure canvas").first().waitFor();
seen.site = await look("shop");
seen.charts = await page.locator(".figure canvas").count();
await page.locator("a.row", { hasText: "192.168.1.57" }).first().click();
await page.locator("svg.graph").waitFor();
seen.incident = await look("graph");
await page.locator("button[lang=en]").click();
await page.locator("h2", { hasText: "Who with whom" }).waitFor();
await look("graph-english");
await dark("graph-dark");
await browser.close();
console.log(JSON.stringify(seen));
