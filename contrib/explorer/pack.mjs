// Makes a C++ source of the built console: `node pack.mjs DIST OUT.cc`. Says what the first page loads, and fails when
// that is too much.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";

const firstLoadMax = 300_000;

const types = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

// The page that holds the wallet runs its own scripts, talks to its own node, and is framed by nobody.
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
// The frame that uploads may talk to gateways, and has no origin: nothing that the wallet keeps is in its reach.
const uploadPolicy = "sandbox allow-scripts; default-src 'none'; script-src 'self'; connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const filePolicy = "default-src 'none'; frame-ancestors 'none'";

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".")) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

function describe(path, content) {
  const type = types[path.slice(path.lastIndexOf(".") + 1)];
  if (!type) throw new Error(`pack: no content type for ${path}`);
  const gzip = gzipSync(content, { level: 9 });
  return {
    path: path === "/index.html" ? "/" : path,
    type,
    tag: `W/"${createHash("sha256").update(content).digest("hex").slice(0, 24)}"`,
    policy: path === "/index.html" ? pagePolicy : path === "/upload.html" ? uploadPolicy : filePolicy,
    immutable: path.startsWith("/assets/"),
    plain: content,
    gzip: gzip.length < content.length * 0.95 ? gzip : Buffer.alloc(0),
  };
}

// Three octal digits cannot run into what follows; '?' so that no trigraph arises.
function literal(bytes) {
  let out = "";
  for (let at = 0; at < bytes.length; at += 96) {
    out += '\n    "';
    for (const byte of bytes.subarray(at, at + 96)) {
      const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 63;
      out += plain ? String.fromCharCode(byte) : "\\" + byte.toString(8).padStart(3, "0");
    }
    out += '"';
  }
  return out || '""';
}

function source(list) {
  const view = (text) => `std::string_view(${literal(Buffer.from(text))}, ${Buffer.byteLength(text)})`;
  const bytes = (content) => `std::string_view(${literal(content)}, ${content.length})`;
  const rows = list.map(
    (one) =>
      `    {${view(one.path)}, ${view(one.type)}, ${view(one.tag)}, ${view(one.policy)}, ${one.immutable}, ${bytes(one.plain)}, ${bytes(one.gzip)}},\n`,
  );
  return `// Made by contrib/explorer/pack.mjs; do not edit.
#include "rpc/programs/node/console_files.h"

namespace fog::node_program {
namespace {

const rpc::StaticFile kFiles[] = {
${rows.join("")}};

}  // namespace

std::span<const rpc::StaticFile> console_files() {
  return kFiles;
}

}  // namespace fog::node_program
`;
}

/** What a browser fetches before it can show the first page. */
function firstLoad(dist, list) {
  const manifest = JSON.parse(readFileSync(join(dist, ".vite", "manifest.json"), "utf8"));
  const needed = new Set(["/", "/favicon.svg"]);
  const visit = (key) => {
    const chunk = manifest[key];
    if (needed.has("/" + chunk.file)) return;
    needed.add("/" + chunk.file);
    for (const css of chunk.css ?? []) needed.add("/" + css);
    for (const next of chunk.imports ?? []) visit(next);
  };
  visit("index.html");
  const size = (one) => one.gzip.length || one.plain.length;
  const first = list.filter((one) => needed.has(one.path)).reduce((sum, one) => sum + size(one), 0);
  const all = list.reduce((sum, one) => sum + size(one), 0);
  console.log(`console: the first page loads ${(first / 1000).toFixed(1)} kB compressed (limit ${firstLoadMax / 1000}), all pages ${(all / 1000).toFixed(1)} kB in ${list.length} files`);
  if (first > firstLoadMax) throw new Error("pack: the first page is too heavy; load less of it eagerly");
}

const [dist, out] = process.argv.slice(2);
if (!out || !statSync(dist).isDirectory()) throw new Error("usage: node pack.mjs DIST OUT.cc");
const list = files(dist).map((path) => describe("/" + relative(dist, path).split(sep).join("/"), readFileSync(path)));
firstLoad(dist, list);
writeFileSync(out, source(list));
