import type { PropertyValue } from "./message-content.ts";

/** A condition on messages in the service's SQL dialect, at most 1,024 characters. */
export interface SqlFilter {
  readonly kind: "sql";
  readonly expression: string;
  /** Values of `@name` parameters. The names include the `@`. */
  readonly parameters: ReadonlyMap<string, PropertyValue>;
}

/** Every given member must be equal. Text is compared case-sensitively. */
export interface CorrelationFilter {
  readonly kind: "correlation";
  readonly correlationId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly to?: string | undefined;
  readonly replyTo?: string | undefined;
  /** Called subject in the SDKs. */
  readonly label?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly replyToSessionId?: string | undefined;
  readonly contentType?: string | undefined;
  readonly properties: ReadonlyMap<string, PropertyValue>;
}

/** On the wire, `true` and `false` are filters of their own rather than SQL. */
export type RuleFilter =
  | SqlFilter
  | CorrelationFilter
  | { readonly kind: "true" }
  | { readonly kind: "false" };

/** Changes that a matching rule makes to its copy of the message. */
export interface SqlAction {
  readonly expression: string;
  readonly parameters: ReadonlyMap<string, PropertyValue>;
}

export interface RuleDescription {
  readonly name: string;
  readonly filter: RuleFilter;
  readonly action: SqlAction | undefined;
}

export interface RuleInfo extends RuleDescription {
  readonly createdAtMs: number;
}
