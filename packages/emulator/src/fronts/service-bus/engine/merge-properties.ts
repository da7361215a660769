import type { ApplicationProperties, MessageContent } from "./message-content.ts";

/** Returns a content with further application properties. They replace those of the same name. */
export function mergeProperties(
  content: MessageContent,
  properties: ApplicationProperties | undefined,
): MessageContent {
  if (properties === undefined || properties.size === 0) return content;
  return content.with({
    applicationProperties: new Map([...content.applicationProperties, ...properties]),
  });
}
