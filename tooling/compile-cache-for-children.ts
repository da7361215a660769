// Set up for test files that start programs of ours: what those compile is kept for the next ones, as it is for what
// `toolchain.mjs` starts. Of a run with coverage Vitest turns the cache off, because what comes from it is counted
// wrongly; but what a program does in a process of its own is not counted at all.

import { join } from "node:path";
import { ROOT } from "./steps.ts";

process.env["NODE_COMPILE_CACHE"] ??= join(ROOT, ".toolchain", "compile-cache");
delete process.env["NODE_DISABLE_COMPILE_CACHE"];
