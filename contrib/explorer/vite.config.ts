import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { geoNaturalEarth1, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The land of the world as an SVG path in the projection of src/ui/map.tsx. */
function worldPath(): string {
  const atlas = JSON.parse(readFileSync(here("node_modules/world-atlas/land-110m.json"), "utf8"));
  const projection = geoNaturalEarth1().scale(172).translate([480, 245]).clipExtent([[0, 0], [960, 430]]).precision(0.6);
  return geoPath(projection).digits(1)(feature(atlas, atlas.objects.land)) ?? "";
}

function world(): Plugin {
  return {
    name: "world",
    resolveId: (id) => (id === "virtual:world" ? "\0world" : null),
    load: (id) => (id === "\0world" ? "export default " + JSON.stringify(worldPath()) : null),
  };
}

export default defineConfig({
  base: "./",
  plugins: [world()],
  resolve: { dedupe: ["@noble/hashes"] },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: true,

  },
  // `npm run dev`: pages from here, calls to the node that FOG_NODE names.
  server: {
    proxy: {
      "/": {
        target: process.env.FOG_NODE ?? "http://127.0.0.1:7780",
        bypass: (request) => (request.method === "POST" ? undefined : request.url),
        headers: { origin: process.env.FOG_NODE ?? "http://127.0.0.1:7780" },
        changeOrigin: true,
      },
    },
  },
});
