/** Licences of the bundled packages. The build collects them, and fails at one that is not known to be permissive. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const ALLOWED = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD"];

interface Locked {
  packages: Record<string, { version: string; license?: string; dev?: boolean; peer?: boolean }>;
}

export function collectLicenses(): Plugin {
  return {
    name: "collect-licenses",
    generateBundle() {
      const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Locked;
      const texts: string[] = [];
      for (const [folder, found] of Object.entries(lock.packages)) {
        if (!folder || found.dev) continue;
        const name = folder.replace(/^.*node_modules\//, "");
        if (!ALLOWED.includes(found.license ?? "")) throw new Error(`${name} has the licence ${found.license}`);
        const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
        const text = file ? readFileSync(join(folder, file), "utf8") : `Licence: ${found.license}`;
        texts.push(`${name} ${found.version}\n\n${text.trim()}\n`);
      }
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: texts.join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}
