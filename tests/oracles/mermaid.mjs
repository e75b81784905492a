// Mermaid itself as a judge of drawings: reads a JSON list of flowcharts on stdin, and says what Mermaid understood of
// each, with its entity codes resolved. The argument is the folder whose node_modules has mermaid and jsdom.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const { JSDOM } = createRequire(join(folder, "package.json"))("jsdom");
const { window } = new JSDOM("<!DOCTYPE html><body></body>");
Object.assign(globalThis, { window, document: window.document });
const module = join(folder, "node_modules/mermaid/dist/mermaid.core.mjs");
const { default: mermaid } = await import(pathToFileURL(module).href);
mermaid.initialize({ startOnLoad: false });

/** The lines of a label, as they would be shown. */
function lines(text) {
  const decoded = text.replaceAll("ﬂ°°", "&#").replaceAll("ﬂ°", "&").replaceAll("¶ß", ";");
  return decoded.split(/<br\s*\/?>/).map((line) => {
    const element = window.document.createElement("div");
    element.innerHTML = line;
    return element.textContent;
  });
}

const understood = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  understood.push({
    nodes: [...db.getVertices().values()].map(({ id, text, type }) => ({ id, lines: lines(text), shape: type })),
    groups: db.getSubGraphs().map(({ id, title, nodes }) => ({ id, lines: lines(title), nodes })),
    edges: db.getEdges().map(({ start, end, text, stroke }) => ({ from: start, to: end, lines: lines(text), stroke })),
  });
}
process.stdout.write(JSON.stringify(understood));
