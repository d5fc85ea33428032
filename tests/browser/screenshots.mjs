// Photographs every page of a gallery: light and dark, phone and desktop width.
//   cargo run -p drawbridge-runtime --features gallery --example gallery 8700 &
//   node screenshots.mjs http://127.0.0.1:8700 DIRECTORY [PART-OF-A-NAME]
// Fails where a page scrolls sideways or the browser's console complains.
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";

const [origin, directory, part = ""] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const widths = { phone: 390, desktop: 1280 };

const list = await (await fetch(`${origin}/`)).text();
const paths = list.split("\n").filter((path) => path.includes(part) && path.length > 1);
await mkdir(directory, { recursive: true });
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
let faults = 0;
const problem = (message) => {
  faults += 1;
  console.error(message);
};
for (const colorScheme of ["light", "dark"]) {
  for (const [screen, width] of Object.entries(widths)) {
    const viewport = { width, height: 800 };
    const context = await browser.newContext({ colorScheme, viewport, javaScriptEnabled: false });
    const page = await context.newPage();
    page.on("console", (line) => problem(`${page.url()}: ${line.text()}`));
    for (const path of paths) {
      // A page that goes on by itself would be gone before it is seen.
      await page.route(`**${path}`, async (route) => {
        const response = await route.fetch();
        const { refresh, ...headers } = response.headers();
        await route.fulfill({ response, headers });
      });
      await page.goto(origin + path);
      const { scrollWidth } = await page.locator("html").evaluate((html) => ({
        scrollWidth: html.scrollWidth,
      }));
      if (scrollWidth > width) problem(`${path}: ${scrollWidth} px wide on a ${screen}`);
      const name = `${path.slice(1).replace("/", "-")}-${screen}-${colorScheme}.png`;
      await page.screenshot({ path: `${directory}/${name}`, fullPage: true });
    }
    await context.close();
  }
}
await browser.close();
console.log(`${paths.length} pages, ${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
