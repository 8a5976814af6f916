// SPDX-License-Identifier: Apache-2.0
// The README's pictures. node pictures.mjs URL USER PASSWORD MAIL.html FOLDER
import { join } from "node:path";
import { context, launch } from "./browser.mjs";

const [url, user, password, mail, folder] = process.argv.slice(2);
const browser = await launch();
const page = await (await context(browser, { viewport: { width: 1240, height: 800 } })).newPage();
await page.goto(url);
await page.locator("input[name=user]").fill(user);
await page.locator("input[name=password]").fill(password);
await page.locator("button[type=submit]").click();
await page.locator(".chart canvas").waitFor();
await page.waitForLoadState("networkidle");
await page.screenshot({ path: join(folder, "dashboard.png") });

const letter = await (await context(browser, { viewport: { width: 480, height: 740 } })).newPage();
await letter.goto(`file://${mail}`);
await letter.screenshot({ path: join(folder, "mail.png") });
await browser.close();
console.log("{}");
