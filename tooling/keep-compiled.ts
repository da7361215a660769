// Setup for test files that load a vendor's SDK or start our programs: Node keeps what it compiles for the
// next file and the next run, as it does for `toolchain.mjs`. In a run with coverage Vitest turns that cache
// off, because coverage of a cached script is counted wrongly. But Vitest itself loads the scripts that are
// counted, in this process and past Node's cache. Only SDKs and sources in other processes use that cache.

import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { ROOT } from "./steps.ts";

const folder = process.env["NODE_COMPILE_CACHE"] ?? join(ROOT, ".toolchain", "compile-cache");
delete process.env["NODE_DISABLE_COMPILE_CACHE"];
process.env["NODE_COMPILE_CACHE"] = folder;
enableCompileCache(folder);
