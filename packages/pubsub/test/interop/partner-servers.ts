import { spawnSync } from "node:child_process";
import { readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Partner } from "../../../../tooling/conformance/on-partner.ts";
import { goProgram, type InteropProgram } from "../../../../tooling/conformance/interop-programs.ts";
import { PARTNER_HOST, startPartnerProcess } from "../../../../tooling/conformance/partner-process.ts";
import { freePort } from "../../../../tooling/free-port.ts";

/** A component of the Google Cloud CLI; its jar has the version that answers were recorded with. */
const EMULATOR_SERIES = "0.8.";
const EMULATOR_JAR = /^cloud-pubsub-emulator-(?<version>\d+\.\d+\.\d+)-all\.jar$/;

/**
 * https://cloud.google.com/pubsub/docs/emulator: Java, run from its jar so that ending the process ends it.
 */
export const GOOGLE_EMULATOR: Partner = {
  name: "Google's emulator",
  missing() {
    if (spawnSync("java", ["-version"], { stdio: "ignore" }).status !== 0) return "java does not run here";
    const jar = findJar();
    if (jar === undefined)
      return "the Google Cloud CLI with its component pubsub-emulator is not installed here";
    return jar.version.startsWith(EMULATOR_SERIES)
      ? undefined
      : `the recorded answers are those of ${EMULATOR_SERIES}x, and this is ${jar.version}`;
  },
  async start() {
    const port = await freePort();
    const args = ["-jar", findJar()?.path ?? "", `--host=${PARTNER_HOST}`, `--port=${port}`];
    const running = await startPartnerProcess("java", args, (line) => line.includes("Server started"));
    return { endpoint: `${PARTNER_HOST}:${port}`, close: running.close };
  },
};

/** https://pkg.go.dev/cloud.google.com/go/pubsub/v2/pstest (2.9.0), with the modules that `go.sum` names. */
export const PSTEST: Partner = {
  name: "pstest",
  missing() {
    const program = pstestProgram();
    return "missing" in program ? program.missing : undefined;
  },
  async start() {
    const program = pstestProgram();
    if ("missing" in program) throw new Error(program.missing);
    const running = await startPartnerProcess(program.path, [], () => true);
    return { endpoint: running.line, close: running.close };
  },
};

function pstestProgram(): InteropProgram {
  return goProgram("pstest", fileURLToPath(new URL("pstest/", import.meta.url)));
}

/** Finds the jar beside the gcloud on the path, or where a variable of the CLI says that it is. */
function findJar(): { readonly path: string; readonly version: string } | undefined {
  for (const root of cloudSdkRoots()) {
    const folder = join(root, "platform", "pubsub-emulator", "lib");
    for (const file of filesOf(folder)) {
      const version = EMULATOR_JAR.exec(file)?.groups?.["version"];
      if (version !== undefined) return { path: join(folder, file), version };
    }
  }
  return undefined;
}

function cloudSdkRoots(): readonly string[] {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).flatMap((folder) => {
    try {
      return [dirname(dirname(realpathSync(join(folder, "gcloud"))))];
    } catch {
      return [];
    }
  });
  return [process.env["CLOUDSDK_ROOT_DIR"] ?? [], onPath].flat();
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
