import { defineConfig } from "vite";
import { collectLicenses } from "./licenses.ts";

export default defineConfig({
  base: "/",
  publicDir: "public",
  cacheDir: "../build/vite",
  plugins: [collectLicenses()],
  build: {
    outDir: "../operator/process_operator/monitor/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    // Data addresses of fonts or pictures would need an exception in the Content-Security-Policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
