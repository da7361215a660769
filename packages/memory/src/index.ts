export {
  FaultPlan,
  type Fault,
  type FaultEffect,
  type FaultOperation,
  type RecordedCall,
} from "./fault-plan.ts";
export { createMemoryClient, type MemoryClientOptions } from "./memory-client.ts";
export { memory, type MemoryModes, type MemoryOptions, type MemoryProvider } from "./memory-provider.ts";
export { recorder, type RecordedRun, type Recorder } from "./recorder.ts";
export { testQueues, type DeadLetter, type TestQueues, type TestQueuesOptions } from "./test-queues.ts";
