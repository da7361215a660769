import type { Capabilities, Feature } from "../driver/capabilities.ts";
import type { Target } from "../driver/entity.ts";
import { unsupported, type QueueError } from "../errors/queue-error.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";

const HAS: Readonly<Record<Feature, (capabilities: Capabilities) => boolean>> = {
  ordering: ({ ordering }) => ordering !== "none",
  deduplication: ({ deduplication }) => deduplication !== "none",
  delay: ({ sendDelay }) => sendDelay !== "none",
  ttl: ({ ttl }) => ttl,
};

/** Returns an UNSUPPORTED error for each need that the target lacks and that the core must not emulate. */
export function unmetNeeds(
  details: DefinitionDetails,
  target: Target,
  provider: string,
): readonly QueueError[] {
  const { needs, emulate } = details.of ?? details;
  if (details.kind === "dead-letter") return [];
  return needs
    .filter((feature) => !HAS[feature](target.capabilities) && !emulate.includes(feature))
    .map((feature) => unmet(feature, target, provider));
}

function unmet(feature: Feature, target: Target, provider: string): QueueError {
  const canEmulate = feature === "delay" || feature === "ttl";
  const otherwise = canEmulate ? `allow emulation with emulate: ["${feature}"] in` : "remove the need from";
  const such = feature === "ordering" ? "ordering (FIFO, sessions, ordering keys)" : feature;
  const remedy = `Use an entity or provider that has ${such}, or ${otherwise} the definition.`;
  const what = `${provider} cannot give this entity ${feature}, which its definition needs`;
  return unsupported(feature, { what, remedy, provider, target: target.name });
}
