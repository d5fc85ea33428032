// Photographs every page of a gallery: light and dark, phone and desktop size.
//   cargo run -p drawbridge-runtime --features gallery --example gallery 8700 &
//   node screenshots.mjs http://127.0.0.1:8700 DIRECTORY [PART-OF-A-NAME]
// Fails where a page scrolls sideways, the browser's console complains, axe-core reports a
// violation, or a button that answers a request for access is out of view or under the fold.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [origin, directory, part = ""] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const screens = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 860 },
};
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

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

/** The violations that axe-core finds on the page, with all folded parts open. */
async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    for (const details of document.querySelectorAll("details")) {
      details.removeAttribute("name");
      details.open = true;
    }
    const { violations } = await window.axe.run(document);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`),
    );
  });
}

/** The buttons that stay in view, which are not within the screen before anything is scrolled. */
async function hiddenButtons(page, { height }) {
  const hidden = [];
  for (const button of await page.locator(".in-view button").all()) {
    const box = await button.boundingBox();
    if (!box || box.y < 0 || box.y + box.height > height) hidden.push(await button.innerText());
  }
  return hidden;
}

for (const colorScheme of ["light", "dark"]) {
  for (const [screen, viewport] of Object.entries(screens)) {
    const context = await browser.newContext({ colorScheme, viewport, javaScriptEnabled: false });
    const page = await context.newPage();
    // axe-core is a script of its own; the pages are photographed without any. What it checks does
    // not depend on the size of the screen.
    // Without motion, so that no color is measured on its way to another.
    const checking = await browser.newContext({ colorScheme, viewport, reducedMotion: "reduce" });
    const checked = screen === "phone" ? await checking.newPage() : undefined;
    page.on("console", (line) => problem(`${page.url()}: ${line.text()}`));
    for (const path of paths) {
      // A page that goes on by itself would be gone before it is seen.
      for (const one of [page, checked]) {
        if (!one) continue;
        await one.route(`**${path}`, async (route) => {
          const response = await route.fetch();
          const { refresh, ...headers } = response.headers();
          await route.fulfill({ response, headers });
        });
        await one.goto(origin + path);
      }
      const { scrollWidth } = await page.locator("html").evaluate((html) => ({
        scrollWidth: html.scrollWidth,
      }));
      if (scrollWidth > viewport.width) problem(`${path}: ${scrollWidth} px wide on a ${screen}`);
      for (const button of await hiddenButtons(page, viewport)) {
        problem(`${path}: ${button} is out of view on a ${screen}`);
      }
      const name = `${directory}/${path.slice(1).replace("/", "-")}-${screen}-${colorScheme}`;
      if (await page.locator(".in-view").count()) {
        await page.screenshot({ path: `${name}-top.png` });
      }
      await page.screenshot({ path: `${name}.png`, fullPage: true });
      for (const found of checked ? await violations(checked) : []) {
        problem(`${path}, ${colorScheme}: ${found}`);
      }
    }
    await context.close();
    await checking.close();
  }
}
await browser.close();
console.log(`${paths.length} pages, ${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
