// Start the product and a browser as a user does; stop both by process id.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(join(root, "canvas-web", "package.json"));
const { chromium } = require("playwright-core");

/** Wait until the probe answers with something true; fail after the deadline. */
export async function until(probe, what, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Product {
  static async make(environment = {}) {
    return new Product(await mkdtemp(join(tmpdir(), "canvas-story-")), environment);
  }

  constructor(folder, environment) {
    this.folder = folder;
    this.home = join(folder, "home");
    this.environment = environment;
  }

  /** Start; the one-time link it printed. The port stays the same from the second start on. */
  async start() {
    this.process = spawn(join(root, ".venv", "bin", "tfcanvas"), ["up"], {
      // Its sockets lie in the same folder, because what is killed cannot clean up.
      env: { ...process.env, TMPDIR: this.folder, TFCANVAS_HOME: this.home, TFCANVAS_PORT: String(this.port ?? 0), ...this.environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: this.process.stdout });
    this.link = await new Promise((resolve, reject) => {
      lines.on("line", (line) => line.startsWith("http://") && resolve(line));
      this.process.once("exit", (code) => reject(new Error(`the product ended with ${code}`)));
    });
    this.port = Number(new URL(this.link).port);
    await until(async () => (await fetch(`http://127.0.0.1:${this.port}/readyz`)).status === 200, "/readyz", 60);
    return this.link;
  }

  async token() {
    return (await readFile(join(this.home, "token"), "utf8")).trim();
  }

  async end(signal) {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill(signal);
    await gone;
  }

  async remove() {
    await this.end("SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A fresh headless browser; `executablePath` from CHROMIUM or Debian's place. */
export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
