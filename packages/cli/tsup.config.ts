import { defineConfig } from "tsup";
import { programBuild } from "../../tooling/library-build.ts";

export default defineConfig(programBuild(["src/main.ts"]));
