import { BACKLOG } from "./backlog-plan.ts";
import type { FaultKind } from "./cell.ts";
import { pairsOf } from "./fault-pairs.ts";
import { MEMORY_FAULTS } from "./memory-faults.ts";
import { PROCESS_FAULTS } from "./process-faults.ts";
import { SERVICE_FAULTS } from "./service-faults.ts";
import { WIRE_FAULTS } from "./wire-faults.ts";

const SINGLE: readonly FaultKind[] = [...MEMORY_FAULTS, ...WIRE_FAULTS, ...SERVICE_FAULTS, ...PROCESS_FAULTS];

/** All faults of the matrix. */
export const FAULT_KINDS: readonly FaultKind[] = [...SINGLE, ...pairsOf(SINGLE), BACKLOG];
