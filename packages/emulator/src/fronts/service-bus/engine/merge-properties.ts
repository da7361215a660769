import type { ApplicationProperties, MessageContent } from "./message-content.ts";

/** A content whose application properties are joined by others; those of the same name are replaced. */
export function mergeProperties(
  content: MessageContent,
  properties: ApplicationProperties | undefined,
): MessageContent {
  if (properties === undefined || properties.size === 0) return content;
  return content.with({
    applicationProperties: new Map([...content.applicationProperties, ...properties]),
  });
}
