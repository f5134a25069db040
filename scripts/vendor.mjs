// Copy each third-party module as one file with relative imports, and record version, license and hashes.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const target = "src/tollbook/dashboard/vendor";
const modules = [
  { file: "preact.js", package: "preact", from: "dist/preact.mjs" },
  { file: "hooks.js", package: "preact", from: "hooks/dist/hooks.mjs" },
  { file: "htm.js", package: "htm", from: "dist/htm.mjs" },
  { file: "signals-core.js", package: "@preact/signals-core", from: "dist/signals-core.mjs" },
  { file: "signals.js", package: "@preact/signals", from: "dist/signals.mjs" },
];
const relative = {
  "preact": "./preact.js",
  "preact/hooks": "./hooks.js",
  "@preact/signals-core": "./signals-core.js",
};

const sha256 = (/** @type {string} */ text) => createHash("sha256").update(text).digest("hex");

const recorded = modules.map((it) => {
  const folder = `node_modules/${it.package}`;
  const about = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const original = readFileSync(`${folder}/${it.from}`, "utf8");
  const shipped = original
    .replace(/from ?"([^"./][^"]*)"/g, (_, name) => `from"${relative[name]}"`)
    .replace(/\n?\/\/# sourceMappingURL=.*\n?$/, "\n");
  if (/from ?"[^.]/.test(shipped)) throw new Error(`${it.file} imports a module that is not vendored`);
  writeFileSync(`${target}/${it.file}`, shipped);
  return {
    file: it.file,
    package: it.package,
    version: about.version,
    license: about.license,
    source: it.from,
    sha256_of_source: sha256(original),
    sha256: sha256(shipped),
  };
});
const licenses = [...new Set(modules.map((it) => it.package))].map(
  (name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`,
);
writeFileSync(`${target}/LICENSES.txt`, licenses.join("\n----\n\n"));
writeFileSync(`${target}/vendored.json`, `${JSON.stringify(recorded, null, 2)}\n`);
