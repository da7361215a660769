import { defineConfig } from "tsup";
import { libraryBuild } from "../../tooling/library-build.ts";

export default defineConfig(
  libraryBuild(["src/index.ts", "src/lambda.ts", "src/testing.ts"], { "src/testing.ts": "src/lambda.ts" }),
);
