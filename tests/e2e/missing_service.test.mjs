// A service of the mesh goes while somebody looks: the page says which, what works without it, and mends by itself.
//
// The real edge before real services (support/edge_rig.py); needs `make setup-servers`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./product.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const skip = existsSync(join(root, ".venv", ".servers")) ? false : "no Envoy: make setup-servers";

let rig;
let lines;
let folder;
let link;
let browser;
let page;

const said = async () => (await lines.next()).value;
async function tell(what, ...names) {
  for (const name of names) {
    rig.stdin.write(`${what} ${name}\n`);
    assert.equal(await said(), `${what} ${name}`);
  }
}
const go = (path) => page.goto(new URL(path, link).href);
const banner = () => page.getByTestId("server-partly");

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "canvas-edge-"));
  rig = spawn(join(root, ".venv", "bin", "python"), [join(root, "tests", "support", "edge_rig.py"), folder], { stdio: ["pipe", "pipe", "inherit"] });
  lines = createInterface({ input: rig.stdout })[Symbol.asyncIterator]();
  link = await said();
  assert.ok(link, "the edge did not start");
  browser = await openBrowser();
  page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(link);
  await page.getByTestId("home-new-flow").click();
  await page.waitForURL(/\/canvas\/flows\//);
  await go("/canvas/");
  await page.getByText("Untitled flow").waitFor();
});

after(async () => {
  await browser?.close();
  if (rig && rig.exitCode === null) {
    const gone = new Promise((resolve) => rig.once("exit", resolve));
    rig.stdin.end();
    await gone;
  }
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("without the registry flows wait, and come by themselves", { skip, timeout: 90_000 }, async () => {
  await tell("kill", "registry");
  await go("/canvas/");
  await banner().waitFor();
  assert.match(await banner().innerText(), /The registry does not answer\. Runs go on/);
  // One thing is wrong, and it is said once.
  assert.equal(await page.getByTestId("home-silent").count(), 0);
  await tell("start", "registry");
  await page.getByText("Untitled flow").waitFor();
  await banner().waitFor({ state: "detached" });
});

test("without the orchestrator one draws on, and runs are there again when it is", { skip, timeout: 90_000 }, async () => {
  await tell("kill", "orchestrator");
  await go("/canvas/runs");
  await banner().waitFor();
  assert.match(await banner().innerText(), /The orchestrator does not answer\. You can draw and publish/);
  await page.getByRole("link", { name: "Flows" }).first().click();
  await page.getByText("Untitled flow").waitFor();
  await page.getByRole("link", { name: "Runs" }).first().click();
  await tell("start", "orchestrator");
  await page.getByText("No runs yet").waitFor();
  await banner().waitFor({ state: "detached" });
});

test("without the stream all works but what is live, and that says so", { skip, timeout: 90_000 }, async () => {
  await go("/canvas/");
  await page.getByText("Untitled flow").waitFor();
  await tell("kill", "stream-1", "stream-2");
  await banner().waitFor();
  assert.match(await banner().innerText(), /The stream of events does not answer\. Runs go on, and everything else works\./);
  await tell("start", "stream-1", "stream-2");
  await banner().waitFor({ state: "detached" });
});
