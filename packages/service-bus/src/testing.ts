export {
  functionsInvocation,
  type FunctionsCall,
  type FunctionsCallMessage,
  type FunctionsCallOptions,
  type FunctionsSettlement,
} from "./functions-invocation.ts";
