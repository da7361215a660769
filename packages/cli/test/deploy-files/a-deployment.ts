import { defineQueue, defineTopic, unchecked, type QueueDefinition } from "@anyqueue/core";
import { detailsOf } from "@anyqueue/core/testing";
import { deployFiles } from "../../src/deploy-files/deploy-files.ts";
import { deploymentOf, type FunctionSettings, type Runtime } from "../../src/deploy-files/deployment.ts";
import { entityNames, type NameConfig } from "../../src/deploy-files/entity-names.ts";
import type { Format } from "../../src/deploy-files/generated-file.ts";

export const plain = defineQueue("orders", { retry: { attempts: 5 } });
export const ordered = defineQueue("orders", {
  schema: unchecked<{ readonly customer: string }>(),
  orderingKey: ({ customer }: { readonly customer: string }) => customer,
  retry: { attempts: 5, delay: "90s" },
});
export const deduplicated = defineQueue("orders", { schema: unchecked(), needs: ["deduplication"] });
export const subscription = defineTopic("shop-events").subscription("billing");

export type Given = typeof plain | typeof ordered | typeof subscription | QueueDefinition;

export const RUNTIMES: readonly Runtime[] = ["lambda", "azure-functions", "cloud-run"];

export function settings(runtime: Runtime, over: Partial<FunctionSettings> = {}): FunctionSettings {
  return {
    runtime,
    timeoutS: 30,
    concurrency: 10,
    batchSize: runtime === "cloud-run" ? 1 : 10,
    windowS: 0,
    ...over,
  };
}

/** The text of the file in one format. */
export function textOf(
  definition: Given,
  runtime: Runtime,
  format: Format,
  {
    over = {},
    config = {},
  }: { readonly over?: Partial<FunctionSettings>; readonly config?: NameConfig } = {},
): string {
  const details = detailsOf(definition);
  const deployment = deploymentOf(details, entityNames(details, runtime, config), settings(runtime, over));
  const file = deployFiles(deployment).find((each) => each.format === format);
  if (file === undefined) throw new Error(`there is no ${format} for ${runtime}`);
  return file.text;
}
