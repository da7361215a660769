import type { Controls } from "../emulator.ts";
import { EmulatorError } from "../emulator-error.ts";
import type { EventSourceMapping, MappingSnapshot } from "../fronts/sqs/mappings/event-source-mapping.ts";
import { parseMappingOptions } from "../fronts/sqs/mappings/parse-mapping-options.ts";

/** The control API's answer about one mapping. */
export interface MappingAnswer {
  readonly mapping: MappingSnapshot;
}

export async function createMapping({ sqs }: Controls, body: unknown): Promise<MappingAnswer> {
  const mapping = await sqs.addMapping(parseMappingOptions(body));
  return { mapping: mapping.snapshot() };
}

export function showMapping(controls: Controls, id: string): MappingAnswer {
  return { mapping: mappingOf(controls, id).snapshot() };
}

/** Answers with the mapping's final state. */
export async function deleteMapping(controls: Controls, id: string): Promise<MappingAnswer> {
  const mapping = mappingOf(controls, id);
  await mapping.close();
  return { mapping: mapping.snapshot() };
}

function mappingOf({ sqs }: Controls, id: string): EventSourceMapping {
  const mapping = sqs.mappings().find((each) => each.id === id);
  if (mapping !== undefined) return mapping;
  throw new EmulatorError("INVALID_OPTION", `There is no event source mapping ${JSON.stringify(id)}.`);
}
