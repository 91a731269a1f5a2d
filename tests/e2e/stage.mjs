// One product, one browser and one page for a file of steps, and the words in which steps put flows in and start runs.
//
// Whatever the page complains of is kept in `complaints`; with E2E_SHOTS=folder `shot` keeps a picture in both lights.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser, Product } from "./product.mjs";

export const node = (type, name, entrypoint, config, column, more = {}) => ({
  id: randomUUID(), type, name, handlers: entrypoint ? { main: { entrypoint, config } } : {}, position: { x: column * 248, y: 0 }, ...more,
});
export const edge = (from, to, port = "out", at = "input", more = {}) => ({ id: randomUUID(), source: { nodeId: from.id, port }, target: { nodeId: to.id, port: at }, ...more });
export const end = ({ id }, port) => ({ nodeId: id, port });
export const channel = (name, publishers, subscribers, more = {}) => ({ id: randomUUID(), name, publishers, subscribers, ...more });

export class Stage {
  complaints = [];
  shots = 0;

  constructor(prefix) {
    this.prefix = prefix;
  }

  async open(environment = {}) {
    this.product = await Product.make(environment);
    await this.product.start();
    this.token = await this.product.token();
    this.origin = `http://127.0.0.1:${this.product.port}`;
    this.browser = await openBrowser();
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: process.env.E2E_THEME ?? "light" });
    this.page = await context.newPage();
    this.page.setDefaultTimeout(60_000);
    this.page.on("pageerror", (error) => this.complaints.push(`page: ${error.stack ?? error.message}`));
    this.page.on("console", (message) => message.type() === "error" && this.complaints.push(`console: ${message.text()}`));
    await this.page.goto(this.product.link);
    return this.page;
  }

  async close() {
    await this.browser?.close();
    await this.product?.remove();
  }

  async shot(name, page = this.page) {
    const folder = process.env.E2E_SHOTS;
    if (!folder) return;
    await mkdir(folder, { recursive: true });
    this.shots += 1;
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      // Colours fade from one light to the other.
      await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== "running" || one.effect?.getTiming().iterations === Infinity));
      await page.screenshot({ path: join(folder, `${this.prefix}-${String(this.shots).padStart(2, "0")}-${name}-${colorScheme}.png`) });
    }
    await page.emulateMedia({ colorScheme: process.env.E2E_THEME ?? "light" });
  }

  async call(method, path, body) {
    const response = await fetch(this.origin + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  put(name, nodes, edges, more = {}) {
    return this.call("POST", "/flows", { name, nodes, edges, ...more });
  }

  /** Publish and run to the end, with the API alone: for what only has to be looked at. */
  async ran(flow, inputs = {}) {
    await this.call("POST", `/flows/${flow.id}/versions`, {});
    return this.call("POST", "/executions", { flowId: flow.id, inputs, executionOptions: { async: false } });
  }

  see(path) {
    return this.page.goto(`${this.origin}/canvas${path}`);
  }
}
