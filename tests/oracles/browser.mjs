// A browser as a judge of pictures: reads a JSON list of pages on stdin, looks at each as people do who see it, walk it
// with a keyboard, have it read to them, or run no scripts; prints a JSON list of what is wrong. The argument is the
// folder whose node_modules has playwright-core and axe-core; CHROMIUM names the browser.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const need = createRequire(join(folder, "package.json"));
const { chromium } = need("playwright-core");
const axe = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];

/** What is wrong with the drawing that is shown, measured: texts and boxes, lines and cards, contrast. */
function measured({ lines }) {
  const found = [];
  const svg = [...document.querySelectorAll("svg.stackgen-graph")].find((it) => it.getBoundingClientRect().width > 0);
  if (!svg) return ["no drawing is shown"];
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const named = (it) => `"${it.textContent.trim().slice(0, 40)}"`;
  const isIn = (inner, outer) =>
    inner.left >= outer.left - 0.5 && inner.right <= outer.right + 0.5 &&
    inner.top >= outer.top - 0.5 && inner.bottom <= outer.bottom + 0.5;
  const touches = (a, b) =>
    a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
  // The lines of a font are higher than its letters.
  const letters = (it) => {
    const box = it.getBoundingClientRect();
    const spare = it.classList.contains("tier") ? 0 : Math.max(0, box.height - 0.95 * parseFloat(getComputedStyle(it).fontSize) * scale) / 2;
    return { left: box.left, right: box.right, top: box.top + spare, bottom: box.bottom - spare };
  };
  const cards = [...svg.querySelectorAll(".card")];
  const boxes = cards.map((card) => card.querySelector(".box").getBoundingClientRect());
  const whole = svg.getBoundingClientRect();
  const free = [...svg.querySelectorAll("text")].filter((it) => !it.closest(".card"));
  const freeBoxes = free.map(letters);
  cards.forEach((card, number) => {
    const texts = [...card.querySelectorAll("text")];
    const rects = texts.map(letters);
    texts.forEach((text, position) => {
      if (!isIn(rects[position], boxes[number])) found.push(`${named(text)} leaves its card`);
      for (let other = position + 1; other < texts.length; other += 1)
        if (touches(rects[position], rects[other])) found.push(`${named(text)} lies on ${named(texts[other])}`);
    });
    for (let other = number + 1; other < cards.length; other += 1)
      if (touches(boxes[number], boxes[other])) found.push(`card ${number} lies on card ${other}`);
    free.forEach((text, position) => {
      if (touches(freeBoxes[position], boxes[number])) found.push(`${named(text)} lies on a card`);
    });
    if (!isIn(boxes[number], whole)) found.push(`card ${number} leaves the picture`);
  });
  free.forEach((text, position) => {
    if (!isIn(freeBoxes[position], whole)) found.push(`${named(text)} leaves the picture`);
    for (let other = position + 1; other < free.length; other += 1)
      if (touches(freeBoxes[position], freeBoxes[other])) found.push(`${named(text)} lies on ${named(free[other])}`);
  });
  const smallest = Math.min(...[...svg.querySelectorAll("text")].map((it) => parseFloat(getComputedStyle(it).fontSize)));
  if (smallest * scale < 8) found.push(`texts are ${(smallest * scale).toFixed(1)} pixels high`);
  const channels = (color) => color.match(/[\d.]+/g).slice(0, 3).map(Number);
  const light = (color) => {
    const [r, g, b] = channels(color).map((it) => it / 255).map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = svg.querySelector(".paper");
  const ground = paper ? getComputedStyle(paper).fill : getComputedStyle(document.body).backgroundColor;
  for (const text of svg.querySelectorAll("text")) {
    const behind = text.classList.contains("chip") ? svg.querySelector("rect.chip")
      : text.classList.contains("tier") ? svg.querySelector(".band") : text.closest(".card")?.querySelector(".box");
    const [one, two] = [getComputedStyle(text).fill, behind ? getComputedStyle(behind).fill : ground].map(light);
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < 4.5) found.push(`${named(text)} has a contrast of ${contrast.toFixed(1)}`);
  }
  if (lines) {
    const rects = cards.map((card) => {
      const { x, y, width, height } = card.querySelector(".box").getBBox();
      const { e, f } = card.transform.baseVal.consolidate().matrix;
      return { left: x + e, right: x + e + width, top: y + f, bottom: y + f + height };
    });
    // Lines run along and across, so the box around a piece is the piece.
    for (const path of svg.querySelectorAll(".lines .stroke")) {
      let from = null;
      for (const [, command, numbers] of path.getAttribute("d").matchAll(/([A-Z])([^A-Z]*)/g)) {
        const [x, y] = numbers.trim().split(/\s+/).slice(-2).map(Number);
        if (command !== "M") {
          const piece = {
            left: Math.min(x, from.x), right: Math.max(x, from.x) + 1, top: Math.min(y, from.y), bottom: Math.max(y, from.y) + 1,
          };
          const over = rects.findIndex((it) => touches(piece, { left: it.left + 1, right: it.right, top: it.top + 1, bottom: it.bottom }));
          if (over >= 0) found.push(`a line runs over card ${over}`);
        }
        from = { x, y };
      }
    }
  }
  return [...new Set(found)];
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

/** A tab that notes everything that should not happen, and the page in it. */
async function opened(it, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const url = pathToFileURL(it.path).href;
  page.on("console", (message) => wrong.push(`${it.name}: the console says ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`${it.name}: ${error.message}`));
  page.on("dialog", (dialog) => wrong.push(`${it.name}: a dialog says ${dialog.message()}`));
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== url && !request.url().startsWith("data:")) wrong.push(`${it.name} asks for ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

const shown = (page) => page.$$eval(".view", (views) => views.filter((it) => it.checkVisibility()).map((it) => it.id));

async function overflow(page, what) {
  const [inner, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (inner > width) wrong.push(`${what}: the page is ${inner} pixels wide on ${width}`);
}

async function axed(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  for (const { id, nodes } of violations) wrong.push(`${what}: axe: ${id}: ${nodes[0].html.slice(0, 160)} (${nodes.length})`);
}

async function seen(it) {
  const page = await opened(it, { viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  const views = it.environments.map((_, number) => `v${number}`);
  for (const [number, environment] of it.environments.entries()) {
    if (number > 0) await page.locator(`label:has(#env-${number})`).click();
    const what = `${it.name}, ${environment}`;
    const now = await shown(page);
    if (now.join() !== views[number]) wrong.push(`${what}: ${now.join()} is shown`);
    for (const found of await page.evaluate(measured, { lines: true })) wrong.push(`${what}: ${found}`);
    await overflow(page, what);
  }
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await axed(page, `${it.name}, light`);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await ground();
  if (light === dark) wrong.push(`${it.name}: dark is as light as light`);
  for (const found of await page.evaluate(measured, { lines: false })) wrong.push(`${it.name}, dark: ${found}`);
  await axed(page, `${it.name}, dark`);
  await page.locator("label:has(#theme-light)").click();
  if ((await ground()) !== light) wrong.push(`${it.name}: the switch to light does nothing`);
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("label:has(#theme-dark)").click();
  if ((await ground()) !== dark) wrong.push(`${it.name}: the switch to dark does nothing`);
  await page.emulateMedia({ media: "print" });
  if ((await ground()) !== light) wrong.push(`${it.name}: it is printed dark`);
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize({ width: 400, height: 800 });
  await overflow(page, `${it.name}, narrow`);
  await page.context().close();
}

/** The environments and the cards, with a keyboard alone. */
async function walked(it) {
  const page = await opened(it, { viewport: { width: 1280, height: 900 } });
  for (const number of it.environments.keys()) {
    if (number === 0) {
      if (it.environments.length > 1) await page.locator("#env-0").focus();
    } else {
      await page.keyboard.press("ArrowRight");
      const now = await shown(page);
      if (now.join() !== `v${number}`) wrong.push(`${it.name}: after an arrow key ${now.join()} is shown`);
    }
  }
  const last = it.environments.length - 1;
  const view = page.locator(`#v${last}`);
  const count = await view.locator("a.card").count();
  const at = () => page.evaluate(() => document.activeElement.dataset?.card ?? null);
  // Tab comes by every card, each with a focus that can be seen.
  const visited = new Set();
  for (let step = 0; step < count + 12 && visited.size < count; step += 1) {
    await page.keyboard.press("Tab");
    const card = await at();
    if (card === null) continue;
    visited.add(card);
    const seen = await page.evaluate(() => {
      const box = document.activeElement.querySelector(".box");
      return getComputedStyle(box).strokeWidth;
    });
    if (parseFloat(seen) < 3) wrong.push(`${it.name}: the focus on card ${card} is not seen`);
  }
  if (visited.size !== count) wrong.push(`${it.name}: Tab visits ${visited.size} of ${count} cards`);
  // So do the arrow keys.
  const reached = new Set([await at()]);
  const open = [...reached];
  while (open.length) {
    const from = open.pop();
    for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
      await view.locator(`a.card[data-card="${from}"]`).focus();
      await page.keyboard.press(key);
      const to = await at();
      if (to !== null && !reached.has(to)) {
        reached.add(to);
        open.push(to);
      }
    }
  }
  if (reached.size !== count) wrong.push(`${it.name}: arrow keys reach ${reached.size} of ${count} cards`);
  for (const card of [...visited].slice(0, 6)) {
    const link = view.locator(`a.card[data-card="${card}"]`);
    await link.focus();
    await page.keyboard.press("Enter");
    const told = await page.evaluate(([id, card]) => {
      const view = document.getElementById(id);
      const near = new Set();
      for (const { dataset: { from, to } } of view.querySelectorAll(".lines .link")) {
        if (from === card) near.add(to);
        if (to === card) near.add(from);
      }
      const on = [...view.querySelectorAll(".card.on")].map((it) => it.dataset.card);
      return {
        near: [...near].sort().join(), on: on.sort().join(), name: view.querySelector(`[data-card="${card}"] .name`).textContent,
        details: document.querySelector("#details").checkVisibility() && document.querySelector("#details h4").textContent,
        status: document.querySelector("#status").textContent,
      };
    }, [`v${last}`, card]);
    if (told.near !== told.on) wrong.push(`${it.name}: beside ${card} stand ${told.near}, and ${told.on} are shown`);
    if (told.details !== told.name || !told.status.startsWith(told.name)) wrong.push(`${it.name}: Enter on ${told.name} tells of ${told.details}`);
    await page.keyboard.press("Escape");
    const left = await page.evaluate(() => [document.querySelector("#details").hidden, document.querySelectorAll(".on, .chosen, .choosing, .copy").length]);
    if (!left[0] || left[1] || (await at()) !== card) wrong.push(`${it.name}: Escape leaves something behind: ${left}`);
  }
  await page.context().close();
}

/** Without scripts: every environment, and from a card to its words. */
async function unscripted(it) {
  const page = await opened(it, { viewport: { width: 400, height: 800 }, javaScriptEnabled: false });
  for (const number of it.environments.keys()) {
    if (number > 0) await page.locator(`label:has(#env-${number})`).click();
    for (const other of it.environments.keys()) {
      if ((await page.locator(`#v${other}`).isVisible()) !== (other === number)) wrong.push(`${it.name}: without scripts ${other} is not as it should be when ${number} is chosen`);
    }
  }
  const card = page.locator(`#v${it.environments.length - 1} a.card`).first();
  const target = await card.getAttribute("href");
  await card.focus();
  await page.keyboard.press("Enter");
  if (!page.url().endsWith(target) || !(await page.locator(target).isVisible())) wrong.push(`${it.name}: without scripts a card leads to ${page.url()}`);
  await page.context().close();
}

async function alone(it) {
  const page = await opened(it, { viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.querySelector(".paper")).fill);
  for (const found of await page.evaluate(measured, { lines: true })) wrong.push(`${it.name}: ${found}`);
  const light = await paper();
  await page.emulateMedia({ colorScheme: "dark" });
  for (const found of await page.evaluate(measured, { lines: false })) wrong.push(`${it.name}, dark: ${found}`);
  if ((await paper()) === light) wrong.push(`${it.name}: dark is as light as light`);
  const named = await page.evaluate(() => document.querySelector("svg > title").textContent && document.querySelector("svg > desc").textContent);
  if (!named) wrong.push(`${it.name}: it has no name`);
  await page.context().close();
}

const pages = JSON.parse(readFileSync(0, "utf8"));

/** Looks at one page after the other. */
async function look() {
  for (let it = pages.shift(); it; it = pages.shift()) {
    if (it.path.endsWith(".svg")) {
      await alone(it);
      continue;
    }
    await seen(it);
    if (it.walk) await walked(it);
    await unscripted(it);
  }
}

await Promise.all([look(), look()]);
await browser.close();
process.stdout.write(JSON.stringify(wrong));
