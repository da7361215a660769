import { defineConfig } from "tsup";
import { libraryBuild } from "../../tooling/library-build.ts";

export default defineConfig(
  libraryBuild(["src/index.ts", "src/push.ts", "src/testing.ts"], { "src/testing.ts": "src/push.ts" }),
);
