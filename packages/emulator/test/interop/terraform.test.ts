import { existsSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { requireClient, runClient, withEmulator } from "./external-client.ts";

/** Folders in which a machine without network keeps Terraform providers. */
const PLUGIN_FOLDERS = [
  join(homedir(), ".terraform.d/plugins"),
  "/usr/local/share/terraform/plugins",
  "/usr/share/terraform/plugins",
  "/opt/tf-plugins",
];

test("Terraform applies queues and then finds nothing to change", { timeout: 240_000 }, async (context) => {
  requireClient(context, "terraform", ["version"]);
  const plugins = PLUGIN_FOLDERS.find((folder) =>
    existsSync(join(folder, "registry.terraform.io/hashicorp/aws")),
  );
  if (plugins === undefined) return context.skip("the AWS provider of Terraform is not installed");
  await withEmulator(async (emulator) => {
    const folder = await mkdtemp(join(tmpdir(), "anyqueue-terraform-"));
    try {
      await cp(fileURLToPath(new URL("terraform/main.tf", import.meta.url)), join(folder, "main.tf"));
      await writeFile(join(folder, "empty.tfrc"), "");
      const env = {
        TF_CLI_CONFIG_FILE: join(folder, "empty.tfrc"),
        TF_IN_AUTOMATION: "1",
        CHECKPOINT_DISABLE: "1",
        TF_VAR_endpoint: emulator.endpoints.sqs ?? "",
      };
      const terraform = (...args: readonly string[]): Promise<string> =>
        runClient(emulator, "terraform", args, { cwd: folder, env });
      await terraform("init", "-input=false", "-no-color", `-plugin-dir=${plugins}`);
      await terraform("apply", "-auto-approve", "-input=false", "-no-color");
      // Exit code 2 would mean that our answers differ from the configuration. It rejects.
      const plan = await terraform("plan", "-detailed-exitcode", "-input=false", "-no-color");
      expect(plan).toContain("No changes");
      // No destroy: the provider would watch each deleted queue for another 45 seconds.
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
