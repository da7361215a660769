// Set up for test files that load a vendor's SDK or start programs of ours: what Node compiles is kept for the next
// file and the next run, as it is for what `toolchain.mjs` starts. Of a run with coverage Vitest turns that off, because
// the coverage of a script that comes from the cache is counted wrongly. But the scripts that are counted are Vitest's to
// load, in this process, and never pass through Node's cache: the SDKs do, and the sources that other processes load.

import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { ROOT } from "./steps.ts";

const folder = process.env["NODE_COMPILE_CACHE"] ?? join(ROOT, ".toolchain", "compile-cache");
delete process.env["NODE_DISABLE_COMPILE_CACHE"];
process.env["NODE_COMPILE_CACHE"] = folder;
enableCompileCache(folder);
