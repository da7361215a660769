import { defineConfig } from "tsup";
import { programBuild } from "../../tooling/library-build.ts";

export default defineConfig(
  programBuild({
    main: "src/main.ts",
    // Programs of their own, started beside main.
    "lambda-bootstrap": "src/invoke/lambda/lambda-bootstrap.ts",
    "functions-worker": "src/invoke/azure-functions/functions-worker.ts",
    "http-function": "src/invoke/cloud-run/http-function.ts",
    "ends-with-parent": "src/invoke/ends-with-parent.ts",
  }),
);
