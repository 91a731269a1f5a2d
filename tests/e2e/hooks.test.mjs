// Forms and chats on a phone: what somebody without a session sees of a flow. With E2E_SHOTS=folder every key moment is
// kept as a picture.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, Product } from "./product.mjs";

const EVIL = "<img src=x onerror=\"document.title='gotcha'\"><script>document.title='gotcha'</script>";

let product;
let browser;
let page;
let token;
const complaints = [];
let shots = 0;

before(async () => {
  const handlers = new URL("../handlers", import.meta.url).pathname;
  product = await Product.make({ PYTHONPATH: handlers, TFCANVAS_PYTHON_MODULES: "stream_handlers" });
  await product.start();
  token = await product.token();
  browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => complaints.push(`page: ${error.stack ?? error.message}`));
  page.on("console", (message) => message.type() === "error" && complaints.push(`console: ${message.text()}`));
});

after(async () => {
  await browser?.close();
  await product?.remove();
});

async function shot(name) {
  const folder = process.env.E2E_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  const number = String(++shots).padStart(2, "0");
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(folder, `hooks-${number}-${name}-${colorScheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: "light" });
}

async function call(method, path, body) {
  const response = await fetch(`http://127.0.0.1:${product.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.json();
}

/** Publish hook → action → output, or hook → output. */
async function publish(name, entrypoint, config, action) {
  const node = (type, called, main) => ({ id: randomUUID(), type, name: called, handlers: main ? { main } : {}, position: { x: 0, y: 0 } });
  const nodes = [node("trigger", "hook", { entrypoint, config }), ...(action ? [node("action", "work", action)] : []), node("output", "result")];
  const edges = nodes.slice(1).map((to, index) => ({ id: randomUUID(), source: { nodeId: nodes[index].id, port: "out" }, target: { nodeId: to.id, port: "input" } }));
  const flow = await call("POST", "/flows", { name, nodes, edges });
  await call("POST", `/flows/${flow.id}/versions`);
  return flow.id;
}

const open = (path) => page.goto(`http://127.0.0.1:${product.port}/hooks/${path}`);

/** It fits the screen, nothing is too small for a thumb, and nothing that came from outside ran. */
async function looksRight() {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, "it fits the width");
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, textarea, input:not([type=hidden]):not([type=checkbox])")]
      .filter((each) => !each.closest(".attach"))
      .filter((each) => each.getBoundingClientRect().height < 44)
      .map((each) => each.outerHTML),
  );
  assert.deepEqual(small, [], "a thumb finds each");
  assert.notEqual(await page.title(), "gotcha");
}

test("a form is filled in on a phone, its errors stand at their fields, and its answer is shown", async () => {
  const schema = {
    type: "object",
    required: ["name", "order"],
    properties: {
      name: { type: "string", title: "Your name", minLength: 2 },
      order: { type: "integer", title: "Order number", description: "It stands at the top of the mail." },
      reason: { enum: ["Damaged", "Late", "Other"], title: "What is wrong" },
      day: { type: "string", format: "date", title: "Since when" },
      story: { type: "string", format: "textarea", title: `What happened ${EVIL}` },
      photo: { type: "object", format: "file", title: "A photo", contentMediaType: "image/*" },
      call: { type: "boolean", title: "You may call me" },
    },
  };
  await publish("Returns", "core:form", { path: "returns", title: "Send something back", schema, answer: "sync" }, { entrypoint: "core:map", config: { expression: "'Thank you, ' & input.name & '. We look into order ' & $string(input.order) & ' (' & input.photo.name & ').'" } });
  await open("returns");
  await page.getByRole("heading", { name: "Send something back" }).waitFor();
  await looksRight();
  await shot("form");

  await page.getByLabel("Your name").fill("A");
  await page.getByLabel("Order number").fill("twelve");
  await page.getByLabel("What is wrong").selectOption("Late");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByLabel("Order number").getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByLabel("What is wrong").inputValue(), "Late", "what was typed is there still");
  await looksRight();
  await shot("form-errors");

  await page.getByLabel("Your name").fill(`Ann ${EVIL}`);
  await page.getByLabel("Order number").fill("12");
  await page.getByLabel("Since when").fill("2026-01-31");
  await page.getByLabel("A photo").setInputFiles({ name: "lamp.png", mimeType: "image/png", buffer: Buffer.from([137, 80, 78, 71]) });
  await page.getByLabel("You may call me").check();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Here is the answer.").waitFor();
  await page.getByText("We look into order 12 (lamp.png).").waitFor();
  await looksRight();
  await shot("form-answer");
  await page.reload();
  await page.getByText("We look into order 12 (lamp.png).").waitFor();
});

test("a chat streams its answer, and what it says is text", async () => {
  await publish("Echo", "core:chat", { path: "echo", title: "Ask the shop" }, { entrypoint: "core:map", config: { expression: "'You wrote: ' & input.message & ' (' & $string($count(input.history)) & ' before)'" } });
  await open("echo");
  await page.getByRole("heading", { name: "Ask the shop" }).waitFor();
  const message = page.getByLabel("Your message");
  await message.fill(`Hello ${EVIL}`);
  await message.press("Enter");
  await page.getByText("You wrote: Hello").waitFor();
  await page.getByText("(0 before)").waitFor();
  await message.fill("And again");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("(2 before)").waitFor();
  assert.equal(await page.locator(".messages img, .messages script").count(), 0);
  await looksRight();
  await shot("chat");

  await publish("Words", "core:chat", { path: "words" }, { entrypoint: "stream_handlers.words", config: { count: 200 } });
  await open("words");
  await page.getByRole("heading", { name: "Words" }).waitFor();
  await page.getByLabel("Your message").fill("Count");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("198 199").waitFor();
  await looksRight();
});

test("a message that cannot be answered says so and is there to be sent again", async () => {
  await publish("Broken", "core:chat", { path: "broken" }, { entrypoint: "core:map", config: { expression: "$error('no')" } });
  await open("broken");
  await page.getByLabel("Your message").fill("Hello");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("This could not be answered. Try again.").waitFor();
  await shot("chat-failed");

  const large = join(product.folder, "large.bin");
  await writeFile(large, Buffer.alloc(5 * 1024 * 1024 + 1));
  await page.locator("input[type=file]").setInputFiles(large);
  await page.getByLabel("Your message").fill("Look at this");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("A file has at most 5 MiB").waitFor();
});

test("no page complained, and none wanted what its policy forbids", () => {
  assert.deepEqual(complaints.filter((each) => !each.includes("422")), []);
});
