import { defineConfig } from "tsup";
import { libraryBuild } from "../../tooling/library-build.ts";

export default defineConfig({
  // child.ts is no entry point of the package: spawnEmulator() starts it as a program.
  ...libraryBuild(["src/index.ts", "src/lambda.ts", "src/child.ts"]),
  // import.meta.url, by which spawnEmulator() finds it, does not exist in CJS.
  shims: true,
});
