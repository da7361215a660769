import { defineConfig } from "tsup";
import { libraryBuild } from "../../tooling/library-build.ts";

export default defineConfig(
  libraryBuild(["src/index.ts", "src/azure-functions.ts", "src/testing.ts"], {
    "src/testing.ts": "src/azure-functions.ts",
  }),
);
