import { azureBicep } from "./azure-bicep.ts";
import { hostJson } from "./azure-host-json.ts";
import { azureTerraform } from "./azure-terraform.ts";
import { cloudRunTerraform } from "./cloud-run-terraform.ts";
import { cloudFormationFile, samFile } from "./cloudformation.ts";
import type { Deployment, Runtime } from "./deployment.ts";
import type { Format, GeneratedFile } from "./generated-file.ts";
import { lambdaTerraform } from "./lambda-terraform.ts";

type Generator = (deployment: Deployment) => GeneratedFile;

const GENERATORS: Readonly<Record<Runtime, readonly Generator[]>> = {
  lambda: [samFile, cloudFormationFile, lambdaTerraform],
  "azure-functions": [azureBicep, azureTerraform, hostJson],
  "cloud-run": [cloudRunTerraform],
};

/** The formats that each runtime's files can have. */
export const FORMATS: Readonly<Record<Runtime, readonly Format[]>> = {
  lambda: ["sam", "cloudformation", "terraform"],
  "azure-functions": ["bicep", "terraform", "json"],
  "cloud-run": ["terraform"],
};

/** Makes all files of a deployment; a pure function. */
export function deployFiles(deployment: Deployment): readonly GeneratedFile[] {
  return GENERATORS[deployment.runtime].map((generate) => generate(deployment));
}
