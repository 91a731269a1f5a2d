/** Build and dev server of the canvas. The BFF serves `dist` under /canvas/; in development its paths are proxied. */
import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { exampleData } from "./src/features/examples/dataPlugin";

const server = process.env["TFCANVAS_URL"] ?? "http://127.0.0.1:8484";
const apiPaths = ["/flows", "/executions", "/handlers", "/values", "/events", "/schemas", "/healthz", "/readyz"];

export default defineConfig({
  base: "/canvas/",
  plugins: [react(), tailwind(), exampleData()],
  resolve: {
    alias: {
      "@": fileURLToPath(new URL("./src", import.meta.url)),
      // The mission's schemas are kept once, byte for byte, beside the code that enforces them on the server.
      "@schemas": fileURLToPath(
        new URL("../services/chassis/src/triggerflow_chassis/schemas", import.meta.url),
      ),
    },
  },
  build: { outDir: "dist", emptyOutDir: true, target: "es2023", assetsInlineLimit: 0, chunkSizeWarningLimit: 1600 },
  server: {
    fs: { allow: [".."] },
    proxy: Object.fromEntries(
      apiPaths.map((path) => [path, { target: server, ws: true, changeOrigin: true, headers: { origin: server } }]),
    ),
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
