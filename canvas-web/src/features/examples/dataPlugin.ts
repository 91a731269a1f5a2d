/** Vite plug-in: the examples' data sets, taken from the package vega-datasets into the build and the dev server. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const FILES = { "seattle-weather.csv": "text/csv; charset=utf-8", "cars.json": "application/json" } as const;

export function exampleData(): Plugin {
  // The package exports its code only; its data lies beside it.
  const folder = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "..", "data");
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  return {
    name: "example-data",
    generateBundle() {
      for (const name of Object.keys(FILES)) this.emitFile({ type: "asset", fileName: `data/${name}`, source: read(name) });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = /^\/canvas\/data\/([^/?]+)/.exec(request.url ?? "")?.[1];
        if (name === undefined || !(name in FILES)) {
          next();
          return;
        }
        response.setHeader("content-type", FILES[name as keyof typeof FILES]);
        response.end(read(name));
      });
    },
  };
}
