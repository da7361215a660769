import { compileCorrelationFilter } from "./correlation-filter.ts";
import type { MessageContent } from "./message-content.ts";
import { invalidArgument } from "./refusals.ts";
import type { CorrelationFilter, RuleFilter } from "./rule-description.ts";
import { compileSqlFilter } from "./sql/sql-filter.ts";

export type CompiledFilter = (content: MessageContent) => boolean;

/** Throws `com.microsoft:argument-error` for filters that the service refuses when a rule is created. */
export function compileFilter(filter: RuleFilter): CompiledFilter {
  switch (filter.kind) {
    case "true":
      return () => true;
    case "false":
      return () => false;
    case "sql":
      return compileSqlFilter(filter.expression, filter.parameters);
    case "correlation":
      if (isEmpty(filter))
        throw invalidArgument("A correlation filter needs at least one property to compare.");
      return compileCorrelationFilter(filter);
  }
}

function isEmpty({ kind, properties, ...members }: CorrelationFilter): boolean {
  return (
    kind === "correlation" &&
    properties.size === 0 &&
    Object.values(members).every((member) => member === undefined)
  );
}
