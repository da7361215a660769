export { functionsEvents, type FunctionsEventsOptions } from "./functions-events.ts";
export { functionsActions, type FunctionsActions } from "./functions-actions.ts";
export type { FunctionsContext, FunctionsHandle, FunctionsNative } from "./functions-wire.ts";
